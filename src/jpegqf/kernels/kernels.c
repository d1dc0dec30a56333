/* Inner loops of the evidence. Above each function stands the NumPy function that does the same.
 *
 * They are called by compiled.py alone, which makes sure of shapes and types; nothing is checked here. Arrays are
 * C-contiguous; their shapes are in parentheses. All numbers are finite.
 */

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
/* Compiled twice: for processors with AVX2 and FMA, and for all others. Which is run is decided when it is loaded. */
#define KERNEL __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define KERNEL
#endif

#if defined(__GNUC__)
/* Into each of the two, so that it is compiled for the same processors. */
#define INNER static inline __attribute__((always_inline))
#else
#define INNER static inline
#endif

enum { SIDE = 8, GRIDS = 64, WINDOW = 15, SCALES = 8, FREQUENCIES = 64, STEPS = 256 };
enum { CHUNK = 256 }; /* windows filtered before they are counted: they stay in the cache of the processor */

/* Natural logarithm of a normal number above 0, within 2e-7: logf of the Cephes library, without its branches, so that
 * the compiler makes vector instructions of loops over it. */
INNER float natural_log(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits -= 0x3f3504f3u; /* sqrt(1/2): mantissas are taken from there to sqrt(2) */
    const float exponent = (float)((int32_t)bits >> 23);
    bits = (bits & 0x007fffffu) + 0x3f3504f3u;
    float mantissa;
    memcpy(&mantissa, &bits, sizeof mantissa);
    const float z = mantissa - 1.0f, square = z * z;
    float p = 7.0376836292e-2f;
    p = p * z - 1.1514610310e-1f;
    p = p * z + 1.1676998740e-1f;
    p = p * z - 1.2420140846e-1f;
    p = p * z + 1.4249322787e-1f;
    p = p * z - 1.6668057665e-1f;
    p = p * z + 2.0000714765e-1f;
    p = p * z - 2.4999993993e-1f;
    p = p * z + 3.3333331174e-1f;
    return z - 0.5f * square + p * z * square + 0.693147180559945f * exponent;
}

/* e to the power x, within 2e-7 of it; x is taken as -80 below that and as 80 above. expf of Cephes, likewise. */
INNER float exponential(float x)
{
    x = x > -80.0f ? x : -80.0f;
    x = x < 80.0f ? x : 80.0f;
    const float doublings = (float)((int32_t)(x * 1.44269504088896341f + 128.5f) - 128);
    const float r = x - doublings * 0.693359375f + doublings * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    const int32_t bits = ((int32_t)doublings + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* Whether a key is not among those remembered in slots keys, a power of two; it is remembered from now on. */
INNER int is_new(uint64_t key, uint64_t *keys, int64_t slots)
{
    if (key == 0) /* marks an empty slot */
        key = 1;
    int64_t slot = (int64_t)(key >> 20) & (slots - 1);
    while (keys[slot] != 0 && keys[slot] != key)
        slot = (slot + 1) & (slots - 1);
    const int empty = keys[slot] == 0;
    keys[slot] = key;
    return empty;
}

/* evidence.blocks.first_of_each.
 *
 * rows (count, words). multipliers (words,). slots: a power of two, at least twice count. keys (slots,), set to 0
 * before. found: space for count. Returns how many rows differ; their indices come first in found.
 */
int32_t first_of_each(const uint32_t *rows, int64_t count, int64_t words, const uint64_t *multipliers, int64_t slots,
                      uint64_t *keys, int64_t *found)
{
    int32_t different = 0;
    for (int64_t i = 0; i < count; i++, rows += words) {
        uint64_t key = 0;
        for (int64_t word = 0; word < words; word++)
            key += rows[word] * multipliers[word];
        if (is_new(key, keys, slots))
            found[different++] = i;
    }
    return different;
}

/* The key of the first SIDE x SIDE pixels of a square, as first_of_each makes it of blocks. */
INNER uint64_t key_of(const uint8_t *square, int64_t side, const uint64_t *multipliers)
{
    uint64_t key = 0;
    for (int y = 0; y < SIDE; y++)
        for (int half = 0; half < 2; half++) {
            uint32_t word;
            memcpy(&word, square + y * side + 4 * half, sizeof word);
            key += word * multipliers[2 * y + half];
        }
    return key;
}

/* Whether a square of the marks plane has none. */
INNER int unmarked(const uint8_t *marks, int64_t stride, int64_t side)
{
    uint8_t any = 0;
    for (int64_t y = 0; y < side; y++)
        for (int64_t x = 0; x < side; x++)
            any |= marks[y * stride + x];
    return !any;
}

INNER int32_t cut_sound(const uint8_t *plane, const uint8_t *marks, int64_t stride, const int64_t *starts,
                        int64_t count, int64_t side, int64_t least_range, const uint64_t *multipliers, int64_t slots,
                        uint64_t *keys, uint8_t *squares)
{
    const int64_t size = side * side;
    for (int64_t i = 0; i < count; i++)
        for (int64_t y = 0; y < side; y++)
            memcpy(squares + i * size + y * side, plane + starts[i] + y * stride, side);
    int32_t sound = 0;
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *square = squares + i * size;
        uint8_t low = 255, high = 0;
#pragma omp simd reduction(min : low) reduction(max : high)
        for (int64_t place = 0; place < size; place++) {
            low = square[place] < low ? square[place] : low;
            high = square[place] > high ? square[place] : high;
        }
        if (low > 0 && high < 255 && high - low >= least_range &&
            (!marks || unmarked(marks + starts[i], stride, side)) &&
            is_new(key_of(square, side, multipliers), keys, slots))
            memmove(squares + sound++ * size, square, size);
    }
    return sound;
}

/* evidence.blocks.sound_squares.
 *
 * plane (rows, stride); marks: of the same shape, or null. starts (count,): the place of each square's first pixel;
 * side: SIDE or WINDOW. multipliers, slots, keys: as in first_of_each. squares: space for count of (side, side).
 * Returns how many are sound; these come first there.
 */
KERNEL int32_t sound_squares(const uint8_t *plane, const uint8_t *marks, int64_t stride, const int64_t *starts,
                             int64_t count, int64_t side, int64_t least_range, const uint64_t *multipliers,
                             int64_t slots, uint64_t *keys, uint8_t *squares)
{
    if (side == SIDE) /* for each side by itself: its loops are of a known length */
        return cut_sound(plane, marks, stride, starts, count, SIDE, least_range, multipliers, slots, keys, squares);
    return cut_sound(plane, marks, stride, starts, count, WINDOW, least_range, multipliers, slots, keys, squares);
}

/* Sum of SIDE samples, stride apart, times weights. Written out, so that loops over it become vector instructions. */
INNER float weighted(const float *samples, int stride, const float *weights)
{
    return samples[0] * weights[0] + samples[stride] * weights[1] + samples[2 * stride] * weights[2] +
           samples[3 * stride] * weights[3] + samples[4 * stride] * weights[4] + samples[5 * stride] * weights[5] +
           samples[6 * stride] * weights[6] + samples[7 * stride] * weights[7];
}

/* The vertical part of a DCT coefficient at each of SIDE row offsets: pixels (count, WINDOW, WINDOW), filtered
 * (count, SIDE, WINDOW). */
INNER void filter_columns(const float *pixels, int64_t count, const float *vertical, float *filtered)
{
    for (int64_t i = 0; i < count; i++, pixels += WINDOW * WINDOW, filtered += SIDE * WINDOW)
        for (int place = 0; place < SIDE * WINDOW; place++)
            filtered[place] = weighted(pixels + place, WINDOW, vertical);
}

/* Count magnitudes of one coefficient on all grids. filtered (count, SIDE, WINDOW); horizontal (SIDE,), over the width
 * of a bin; histogram (bins + 1, GRIDS), whose last bin is for all that is larger. */
INNER void count_bins(const float *filtered, int64_t count, const float *horizontal, int32_t bins, float *histogram)
{
    const float most = (float)bins;
    for (int64_t i = 0; i < count; i++, filtered += SIDE * WINDOW) {
        int32_t bin[GRIDS];
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                const float size = fabsf(weighted(filtered + y * WINDOW + x, 1, horizontal));
                bin[y * SIDE + x] = (int32_t)((size < most ? size : most) + 0.5f);
            }
        for (int grid = 0; grid < GRIDS; grid++)
            histogram[bin[grid] * GRIDS + grid] += 1.0f;
    }
}

/* history.other_grid.counts._histograms.
 *
 * windows (count, WINDOW, WINDOW). basis (SIDE, SIDE): the DCT, row = frequency. Each of the frequencies has its
 * vertical and horizontal index in rows and columns, and its number of bins; those of one row follow each other. widths
 * (frequencies,), of their bins. histograms, set to 0 before: for each frequency (bins + 1, GRIDS). space: for
 * CHUNK * WINDOW * (WINDOW + SIDE) numbers.
 */
KERNEL void grid_histograms(const uint8_t *windows, int64_t count, const float *basis, int64_t frequencies,
                            const int32_t *rows, const int32_t *columns, const int32_t *bins, const float *widths,
                            float *histograms, float *space)
{
    float *const pixels = space, *const filtered = space + CHUNK * WINDOW * WINDOW;
    for (int64_t done = 0; done < count; done += CHUNK) {
        const int64_t windows_here = count - done < CHUNK ? count - done : CHUNK;
        for (int64_t i = 0; i < windows_here * WINDOW * WINDOW; i++)
            pixels[i] = (float)windows[done * WINDOW * WINDOW + i] - 128.0f;
        float *histogram = histograms;
        for (int64_t f = 0; f < frequencies; f++) {
            if (f == 0 || rows[f] != rows[f - 1])
                filter_columns(pixels, windows_here, basis + rows[f] * SIDE, filtered);
            float horizontal[SIDE];
            for (int k = 0; k < SIDE; k++)
                horizontal[k] = basis[columns[f] * SIDE + k] / widths[f];
            count_bins(filtered, windows_here, horizontal, bins[f], histogram);
            histogram += GRIDS * (bins[f] + 1);
        }
    }
}

/* The mass of each cell one step wide, around the multiples 0, 1, ... of the step: cells[1 + multiple]; cells[0] is
 * that of -1. below (bins + 1,): the mass below the upper edge of each bin, a 0 first; the first bin is 1/2 wide. */
INNER void gather_cells(const double *below, int64_t bins, double step, int64_t multiples, float *cells)
{
    double before = 0;
    for (int64_t multiple = 0; multiple < multiples; multiple++) {
        const double edge = (multiple + 0.5) * step + 0.5;
        const int64_t whole = (int64_t)edge;
        double after = below[bins];
        if (edge < 1)
            after = below[1] * (edge - 0.5) * 2;
        else if (whole < bins)
            after = below[whole] + (edge - whole) * (below[whole + 1] - below[whole]);
        cells[1 + multiple] = (float)(after - before);
        before = after;
    }
    cells[0] = cells[2];
    cells[1] *= 2; /* both signs, as for the mirrored multiples */
}

/* history.other_grid.steps._comb and the logarithm of its ratio to a single save, of one step in bins; returns the
 * ratio's mean if the step were true. below, cells: see gather_cells. plain (bins,): what is expected of a single save.
 * ratio (bins,). */
INNER float comb_ratio(const double *below, const float *plain, int32_t bins, double exact_step, float sigma, float far,
                       float untouched, float zero_weight, float *cells, float *ratio)
{
    const float step = (float)exact_step, per_step = 1.0f / step, per_sigma = 1.0f / sigma;
    const int32_t meet = step < far ? 1 : 0;
    float sum = 0.0f, mean = 0.0f;
    gather_cells(below, bins, exact_step, (int64_t)(bins / exact_step) + 3, cells);
    memset(ratio, 0, bins * sizeof *ratio);
    for (int32_t beside = -meet; beside <= meet; beside++) {
#pragma omp simd
        for (int32_t bin = 0; bin < bins; bin++) {
            const int32_t multiple = (int32_t)((float)bin * per_step + 0.5f) + beside;
            const float apart = ((float)bin - (float)multiple * step) * per_sigma;
            ratio[bin] += cells[1 + multiple] * exponential(-0.5f * apart * apart);
        }
    }
    ratio[0] *= 0.5f;
#pragma omp simd reduction(+ : sum)
    for (int32_t bin = 0; bin < bins; bin++)
        sum += ratio[bin];
    const float share = (1.0f - untouched) / (sum > 1e-9f ? sum : 1e-9f);
#pragma omp simd reduction(+ : mean)
    for (int32_t bin = 0; bin < bins; bin++) {
        const float combed = share * ratio[bin] + untouched * plain[bin];
        const float weight = (float)bin < 0.5f * step ? zero_weight : 1.0f;
        ratio[bin] = weight * natural_log(combed / plain[bin]);
        mean += combed * ratio[bin];
    }
    return mean;
}

/* The median of GRIDS - 1 values, an odd number: the one with as many below it as above. */
INNER float median_of_grids(const float *values)
{
    for (int grid = 0; grid < GRIDS - 1; grid++) {
        int32_t below = 0, equal = 0;
        for (int other = 0; other < GRIDS - 1; other++) {
            below += values[other] < values[grid];
            equal += values[other] == values[grid];
        }
        if (below <= GRIDS / 2 - 1 && below + equal > GRIDS / 2 - 1)
            return values[grid];
    }
    return 0.0f;
}

/* sums (GRIDS,), set to 0 before: of counts (bins, GRIDS), each bin times its weight. Four bins at a time, so that the
 * sums are read and written less often than the counts. */
INNER void add_up(const float *counts, const float *weights, int64_t bins, float *sums)
{
    int64_t bin = 0;
    for (; bin + 4 <= bins; bin += 4, counts += 4 * GRIDS)
        for (int grid = 0; grid < GRIDS; grid++)
            sums[grid] += counts[grid] * weights[bin] + counts[GRIDS + grid] * weights[bin + 1] +
                          counts[2 * GRIDS + grid] * weights[bin + 2] + counts[3 * GRIDS + grid] * weights[bin + 3];
    for (; bin < bins; bin++, counts += GRIDS)
        for (int grid = 0; grid < GRIDS; grid++)
            sums[grid] += counts[grid] * weights[bin];
}

/* The histogram (bins,) under a triangle width bins wide, mirrored at 0, whose bin is half as wide. both: space for
 * bins + width - 1 numbers. */
INNER void smooth(const double *mass, int64_t bins, int64_t width, double *both, float *smoothed)
{
    const int64_t half = width / 2;
    const float all = (float)((half + 1) * (half + 1));
    for (int64_t place = -half; place < bins + half; place++) {
        const int64_t bin = place < 0 ? -place : place;
        both[place + half] = mass[bin < bins ? bin : bins - 1] * (place ? 1 : 2);
    }
    memset(smoothed, 0, bins * sizeof *smoothed);
    for (int64_t beside = 0; beside < width; beside++) {
        const float weight = (float)(half + 1 - (beside < half ? half - beside : beside - half)) / all;
        for (int64_t bin = 0; bin < bins; bin++)
            smoothed[bin] += weight * (float)both[bin + beside];
    }
    smoothed[0] /= 2;
}

/* history.other_grid.steps.step_ratios.
 *
 * histograms (frequencies,): addresses of (bins[f], GRIDS). sigmas, bin_widths (frequencies,): of the blur and of a
 * bin, in grey levels; smoothed (frequencies,): width of the triangles, in bins. steps: one frequency after the other,
 * each (asked[f],), in grey levels, ascending. used_share, finest, far, untouched, zero_weight: see the constants
 * there. masses: space for 3 most + WINDOW + 1 numbers, where most is the most of bins and of the triangles; space: for
 * 3 most + 4. found, as steps (..., GRIDS - 1), and expected, as steps, set to 0 before, are the results.
 */
KERNEL void grid_evidence(int64_t frequencies, const uint64_t *histograms, const int64_t *bins, const double *sigmas,
                          const double *bin_widths, const int64_t *smoothed, const int64_t *asked, const int64_t *steps,
                          double used_share, double finest, double far, float untouched, float zero_weight,
                          double *masses, float *space, float *found, float *expected)
{
    for (int64_t f = 0; f < frequencies; steps += asked[f], expected += asked[f], found += asked[f++] * (GRIDS - 1)) {
        const float *const counts = (const float *)(uintptr_t)histograms[f];
        double *const mass = masses, *const below = mass + bins[f], *const both = below + bins[f] + 1;
        const double sigma = sigmas[f] / bin_widths[f]; /* in bins */
        double all = 0, seen = 0, others = 0;
        for (int64_t bin = 0; bin < bins[f]; bin++) {
            float sum = 0.0f; /* of whole numbers: exact in any order */
#pragma omp simd reduction(+ : sum)
            for (int grid = 0; grid < GRIDS; grid++)
                sum += counts[bin * GRIDS + grid];
            mass[bin] = sum - counts[bin * GRIDS];
            all += sum;
        }
        int64_t largest = 0; /* bin up to which the coefficients are used */
        while (largest < bins[f] && seen + mass[largest] + counts[largest * GRIDS] < used_share * all) {
            seen += mass[largest] + counts[largest * GRIDS];
            largest++;
        }
        largest += smoothed[f];
        const int64_t used = largest < bins[f] ? largest : bins[f];
        for (int64_t bin = 0; bin < used; bin++)
            others += mass[bin];
        below[0] = 0;
        for (int64_t bin = 0; bin < used; bin++) {
            mass[bin] = (mass[bin] + 1e-3) / (others + 1e-3 * (double)used);
            below[bin + 1] = below[bin] + mass[bin];
        }
        float *const plain = space, *const ratio = plain + used, *const cells = ratio + used;
        smooth(mass, used, smoothed[f], both, plain);
        for (int64_t i = 0; i < asked[f]; i++) {
            if ((double)steps[i] < finest * sigmas[f])
                continue;
            float of_grids[GRIDS] = {0};
            const double step = (double)steps[i] / bin_widths[f];
            const float mean = comb_ratio(below, plain, (int32_t)used, step, (float)sigma, (float)(far * sigma),
                                          untouched, zero_weight, cells, ratio);
            add_up(counts, ratio, used, of_grids);
            const float median = median_of_grids(of_grids + 1);
            for (int grid = 0; grid < GRIDS - 1; grid++)
                found[i * (GRIDS - 1) + grid] = of_grids[grid + 1] - median;
            expected[i] = (float)(others / (GRIDS - 1)) * mean;
            if (step >= 2 * (double)largest) {
                /* It rounds all coefficients to 0, as longer steps do. */
                for (int64_t longer = i + 1; longer < asked[f]; longer++) {
                    memcpy(found + longer * (GRIDS - 1), found + i * (GRIDS - 1), (GRIDS - 1) * sizeof *found);
                    expected[longer] = expected[i];
                }
                break;
            }
        }
    }
}

/* The basis once more, row = sample. */
INNER void turn_basis(const float *basis, float *columns)
{
    for (int u = 0; u < SIDE; u++)
        for (int k = 0; k < SIDE; k++)
            columns[k * SIDE + u] = basis[u * SIDE + k];
}

/* The DCT coefficients (FREQUENCIES,) of one block, whose rows are stride apart, over the steps of a table. */
INNER void multiples_of(const uint8_t *block, int64_t stride, const float *basis, const float *columns,
                        const float *per_step, float *multiples)
{
    float pixels[FREQUENCIES], vertical[FREQUENCIES];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            pixels[y * SIDE + x] = (float)block[y * stride + x] - 128.0f;
    for (int v = 0; v < SIDE; v++)
        for (int x = 0; x < SIDE; x++)
            vertical[v * SIDE + x] = weighted(pixels + x, SIDE, basis + v * SIDE);
    for (int v = 0; v < SIDE; v++)
        for (int u = 0; u < SIDE; u++)
            multiples[v * SIDE + u] = weighted(columns + u, SIDE, vertical + v * SIDE) * per_step[v * SIDE + u];
}

/* history.same_grid.counts.multiples_of.
 *
 * blocks (count, SIDE, SIDE). basis (SIDE, SIDE): the DCT, row = frequency. per_step (FREQUENCIES,): 1 over each step.
 * multiples (count, FREQUENCIES).
 */
KERNEL void block_multiples(const uint8_t *blocks, int64_t count, const float *basis, const float *per_step,
                            float *multiples)
{
    float columns[FREQUENCIES];
    turn_basis(basis, columns);
    for (int64_t i = 0; i < count; i++)
        multiples_of(blocks + i * FREQUENCIES, SIDE, basis, columns, per_step, multiples + i * FREQUENCIES);
}

/* history.other_grid.counts._zeros.
 *
 * windows (count, WINDOW, WINDOW); basis, per_step: as above. zeros (FREQUENCIES,), set to 0 before: how many of the
 * blocks at the windows' first pixels have a coefficient that rounds to 0.
 */
KERNEL void count_zeros(const uint8_t *windows, int64_t count, const float *basis, const float *per_step, float *zeros)
{
    float columns[FREQUENCIES], multiples[FREQUENCIES];
    turn_basis(basis, columns);
    for (int64_t i = 0; i < count; i++) {
        multiples_of(windows + i * WINDOW * WINDOW, WINDOW, basis, columns, per_step, multiples);
        for (int f = 0; f < FREQUENCIES; f++)
            zeros[f] += fabsf(multiples[f]) < 0.5f ? 1.0f : 0.0f;
    }
}

/* history.same_grid.counts._counted.
 *
 * multiples (blocks, FREQUENCIES), not rounded. counts, set to 0 before: (FREQUENCIES, most + 1); larger multiples
 * count as most, 255 or less. multipliers, slots, keys: as in first_of_each. different: how many of the patterns of |AC| that
 * are not all 0 differ. Returns how many blocks have such a pattern.
 */
KERNEL int32_t count_multiples(const float *multiples, int64_t blocks, int64_t most, const uint64_t *multipliers,
                               int64_t slots, uint64_t *keys, float *counts, int64_t *different)
{
    const float limit = (float)most;
    int32_t active = 0;
    for (int64_t block = 0; block < blocks; block++, multiples += FREQUENCIES) {
        uint8_t magnitudes[FREQUENCIES], any = 0;
        for (int f = 0; f < FREQUENCIES; f++) {
            const float size = fabsf(multiples[f]);
            magnitudes[f] = (uint8_t)(int32_t)((size < limit ? size : limit) + 0.5f);
        }
        for (int f = 0; f < FREQUENCIES; f++)
            counts[f * (most + 1) + magnitudes[f]] += 1.0f;
        magnitudes[0] = 0;
        for (int f = 0; f < FREQUENCIES; f++)
            any |= magnitudes[f];
        if (any) {
            active++;
            *different += is_new(key_of(magnitudes, SIDE, multipliers), keys, slots);
        }
    }
    return active;
}

/* history.first_tables.marked_steps. steps (tables, FREQUENCIES); chosen (count,): tables; marked, set to 0 before:
 * (frequencies, STEPS). */
KERNEL void mark_steps(const uint8_t *steps, const int64_t *chosen, int64_t count, const int64_t *used,
                       int64_t frequencies, uint8_t *marked)
{
    for (int64_t i = 0; i < count; i++)
        for (int64_t f = 0; f < frequencies; f++)
            marked[f * STEPS + steps[chosen[i] * FREQUENCIES + used[f]]] = 1;
}

/* history.first_tables.sums_over_frequencies. As above; of_steps (frequencies, STEPS); sums (count,). */
KERNEL void sum_steps(const uint8_t *steps, const int64_t *chosen, int64_t count, const int64_t *used,
                      int64_t frequencies, const double *of_steps, double *sums)
{
    for (int64_t i = 0; i < count; i++) {
        double sum = 0;
        for (int64_t f = 0; f < frequencies; f++)
            sum += of_steps[f * STEPS + steps[chosen[i] * FREQUENCIES + used[f]]];
        sums[i] = sum;
    }
}

/* mixed (bins,) = share times the mixture of mass (SCALES, stride) by weights (SCALES,), plus floor. */
INNER void mix(const float *mass, int64_t stride, int64_t bins, const float *weights, float share, float floor,
               float *mixed)
{
    for (int64_t bin = 0; bin < bins; bin++) {
        float sum = 0.0f;
        for (int scale = 0; scale < SCALES; scale++)
            sum += weights[scale] * mass[scale * stride + bin];
        mixed[bin] = share * sum + floor;
    }
}

/* One round of expectation maximization of the weights. space: for bins numbers. */
INNER void reweight(const float *counts, const float *mass, int64_t stride, int64_t bins, const float *weights,
                    float *space, float *improved)
{
    float total = 0.0f;
    mix(mass, stride, bins, weights, 1.0f, 1e-9f, space);
#pragma omp simd reduction(+ : total)
    for (int64_t bin = 0; bin < bins; bin++) {
        space[bin] = counts[bin] / space[bin];
        total += counts[bin];
    }
    for (int scale = 0; scale < SCALES; scale++) {
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int64_t bin = 0; bin < bins; bin++)
            sum += mass[scale * stride + bin] * space[bin];
        improved[scale] = weights[scale] * sum / total;
    }
}

/* history.same_grid.counts._priors.
 *
 * counts: one frequency after the other, each (bins[f],). masses (frequencies,): addresses of (STEPS, SCALES,
 * strides[f]). space: for the most bins. priors (frequencies, SCALES).
 */
KERNEL void fit_priors(int64_t frequencies, const int64_t *bins, const float *counts, const uint64_t *masses,
                       const int64_t *strides, int64_t rounds, float *space, float *priors)
{
    for (int64_t f = 0; f < frequencies; counts += bins[f++], priors += SCALES) {
        for (int scale = 0; scale < SCALES; scale++)
            priors[scale] = 1.0f / SCALES;
        for (int64_t round = 0; round < rounds; round++)
            reweight(counts, (const float *)(uintptr_t)masses[f], strides[f], bins[f], priors, space, priors);
    }
}

/* history.same_grid.evidence._lifts.
 *
 * counts, masses, strides, priors: as in fit_priors. steps: one frequency after the other, each (asked[f],). floors
 * (frequencies,): what is added to each bin of a mixture that is scaled by share. single: as counts. lifts: one
 * frequency after the other, each (asked[f], bins[f]).
 */
KERNEL void step_lifts(int64_t frequencies, const int64_t *bins, const float *counts, const uint64_t *masses,
                       const int64_t *strides, const float *priors, const int64_t *asked, const int64_t *steps,
                       float share, const float *floors, float *single, float *lifts)
{
    for (int64_t f = 0; f < frequencies; f++, priors += SCALES) {
        const float *const of_steps = (const float *)(uintptr_t)masses[f];
        mix(of_steps, strides[f], bins[f], priors, share, floors[f], single);
        for (int64_t i = 0; i < asked[f]; i++, lifts += bins[f]) {
            const float *const mass = of_steps + *steps++ * SCALES * strides[f];
            float weights[SCALES];
            reweight(counts, mass, strides[f], bins[f], priors, lifts, weights);
            mix(mass, strides[f], bins[f], weights, share, floors[f], lifts);
            for (int64_t bin = 0; bin < bins[f]; bin++)
                lifts[bin] = lifts[bin] / single[bin] - 1.0f;
        }
        counts += bins[f];
        single += bins[f];
    }
}

/* history.same_grid.evidence._Lifts.found_and_expected.
 *
 * Arrays as in step_lifts. touched: 1 minus the share of coefficients without a trace. found, expected (frequencies,
 * STEPS): only those of the steps asked are set.
 */
KERNEL void lift_ratios(int64_t frequencies, const int64_t *bins, const float *counts, const float *single,
                        const int64_t *asked, const int64_t *steps, const float *lifts, float touched, double *found,
                        double *expected)
{
    for (int64_t f = 0; f < frequencies; f++, found += STEPS, expected += STEPS) {
        float total = 0.0f;
        for (int64_t bin = 0; bin < bins[f]; bin++)
            total += counts[bin];
        for (int64_t i = 0; i < asked[f]; i++, lifts += bins[f], steps++) {
            float of_counts = 0.0f, mean = 0.0f;
#pragma omp simd reduction(+ : of_counts, mean)
            for (int64_t bin = 0; bin < bins[f]; bin++) {
                const float raised = 1.0f + touched * lifts[bin], ratio = natural_log(raised);
                of_counts += ratio * counts[bin];
                mean += ratio * single[bin] * raised;
            }
            found[*steps] = of_counts;
            expected[*steps] = total * mean;
        }
        counts += bins[f];
        single += bins[f];
    }
}

/* The mass below a DC value, in multiples of the last step above the lower end of the histogram's range. */
INNER double mass_below(const double *below, int64_t multiples, double value)
{
    const double inside = value < 0 ? 0 : value < (double)multiples ? value : (double)multiples;
    const int32_t whole = (int32_t)inside - (inside == (double)multiples);
    return below[whole] + (inside - whole) * (below[whole + 1] - below[whole]);
}

/* 1 / (1 + e^-x). */
INNER float logistic(float x)
{
    return 1.0f / (1.0f + exponential(-x));
}

/* The place in an array of so many that is nearest to one that may lie outside. */
INNER int64_t inside(int64_t place, int64_t count)
{
    return place < 0 ? 0 : place < count ? place : count - 1;
}

/* What an earlier save at a step, in multiples of the last one, makes of the density whose cumulated sum is below
 * (2 half + 2,): double_save (2 half + 1,). space: for 4 times as many cells as there are multiples of the step. */
INNER void save_before(const double *below, int64_t half, double step, float steepness, float *space,
                       float *double_save)
{
    const int64_t multiples = 2 * half + 1;
    const int32_t most = (int32_t)(((double)half + 0.5) / step) + 1, cells = 2 * most + 1;
    const double middle = (double)half + 0.5;
    float *const mass = space, *const under = mass + cells, *const over = under + cells, *const place = over + cells;
#pragma omp simd
    for (int32_t cell = 0; cell < cells; cell++) {
        const double value = (double)(cell - most) * step, nearest = rint(value);
        const float rest = (float)(value - nearest);
        mass[cell] = (float)(mass_below(below, multiples, middle + value + 0.5 * step) -
                             mass_below(below, multiples, middle + value - 0.5 * step));
        under[cell] = logistic(-steepness * (0.5f + rest));
        over[cell] = logistic(-steepness * (0.5f - rest));
        place[cell] = (float)nearest;
    }
    memset(double_save, 0, multiples * sizeof *double_save);
    for (int32_t cell = 0; cell < cells; cell++) {
        const int64_t at = (int64_t)place[cell] + half;
        double_save[inside(at - 1, multiples)] += mass[cell] * under[cell];
        double_save[inside(at, multiples)] += mass[cell] * (1.0f - under[cell] - over[cell]);
        double_save[inside(at + 1, multiples)] += mass[cell] * over[cell];
    }
}

/* history.dc_steps._of_earlier_steps.
 *
 * counts, single (2 half + 1,): of each multiple of the last step, and what is expected of a single save. below
 * (2 half + 2,): the cumulated sum of single, a 0 first. steps (count,). steepness: of the logistic function that
 * stands for the blur, per last step. space: for 4 (2 most + 1) + 2 half + 1 numbers, where most is the multiples of
 * the least step on either side, and one more. found, expected (count,); expected is that of one block.
 */
KERNEL void dc_ratios(const float *counts, const float *single, const double *below, int64_t half, int64_t last,
                      const int64_t *steps, int64_t count, float steepness, float untouched, float *space,
                      double *found, double *expected)
{
    const int64_t multiples = 2 * half + 1;
    float *const double_save = space;
    for (int64_t i = 0; i < count; i++) {
        save_before(below, half, (double)steps[i] / (double)last, steepness, space + multiples, double_save);
        float sum = 0.0f, of_counts = 0.0f, mean = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int64_t k = 0; k < multiples; k++)
            sum += double_save[k];
        const float share = (1.0f - untouched) / (sum > 1e-9f ? sum : 1e-9f);
#pragma omp simd reduction(+ : of_counts, mean)
        for (int64_t k = 0; k < multiples; k++) {
            const float twice = share * double_save[k] + untouched * single[k];
            const float ratio = natural_log(twice / single[k]);
            of_counts += ratio * counts[k];
            mean += ratio * twice;
        }
        found[i] = of_counts;
        expected[i] = mean;
    }
}
