"""Header evidence -> the lines a person wants to read."""

from jpegqf.jpeg.encoders import Encoder, HeaderEvidence
from jpegqf.jpeg.header import Header, QuantTable
from jpegqf.jpeg.table_match import Match

SHOWN_NOTES = 10


def header_lines(name: str, header: Header, found: HeaderEvidence) -> list[str]:
    """The header of one file: frame, qualities, encoder, segments, tables as 8x8 squares."""
    lines = [name, *_frame(header), f"  luma quality     {_match(found.luma)}"]
    if found.chroma:
        lines.append(f"  chroma quality   {_match(found.chroma)}")
    lines.append(f"  encoder          {_encoder(found.encoder)}")
    if found.turned:
        lines.append("  turned           by 90 degrees since, without being decoded: its tables are transposed")
    lines += _metadata(header)
    lines += [f"  note             {note}" for note in header.notes[:SHOWN_NOTES]]
    for number, table in enumerate(header.tables):
        lines += _table(number, table, header)
    return lines


def _frame(header: Header) -> list[str]:
    frame = header.frame
    if frame is None:
        return ["  frame            none found"]
    size = f"{frame.width}x{frame.height}, {frame.precision} bits, {header.color or 'unknown colours'}"
    coding = f"{frame.kind}, {frame.subsampling}, {header.huffman or 'no'} Huffman tables"
    scans = f", {header.scans} scan{'' if header.scans == 1 else 's'}" if header.scans is not None else ""
    return [f"  image            {size}", f"  coding           {coding}{scans}"]


def _match(match: Match | None) -> str:
    if match is None:
        return "no quantization table"
    if match.quality is None:
        return "none: no IJG quality distorts alike"
    if match.kind == "exact":
        either = f" (any of {match.low}-{match.high} writes this table)" if match.low != match.high else ""
        return f"{match.quality}, exact{either}"
    return f"about {match.quality} (equivalent, error {match.error:.3f})"


def _encoder(encoder: Encoder) -> str:
    quality = f", quality {encoder.quality:g}" if encoder.quality is not None else ""
    distance = f", distance {encoder.distance:.2f}" if encoder.distance is not None else ""
    others = "".join(f"; or {name} at {number}" for name, number in encoder.alternatives)
    return f"{encoder.name}{quality}{distance}{others}"


def _metadata(header: Header) -> list[str]:
    facts = header.facts
    about = [part for part in (facts.make, facts.model, facts.software) if part]
    lines = [f"  made by          {', '.join(about)}"] if about else []
    if facts.orientation and facts.orientation != 1:
        lines.append(f"  orientation      {facts.orientation} (EXIF; the stored pixels are judged)")
    if header.apps:
        names = ", ".join(f"APP{app.number} {app.identifier or '?'} ({app.size} bytes)" for app in header.apps[:12])
        lines.append(f"  segments         {names}")
    lines += [f"  comment          {comment[:100]}" for comment in header.comments]
    return lines


def _table(number: int, table: QuantTable, header: Header) -> list[str]:
    users = [str(i) for i, used in enumerate(header.component_tables) if used is table]
    role = f"for component {', '.join(users)}" if users else "not used"
    width = max(len(str(value)) for value in table.values)
    rows = ["    " + " ".join(f"{value:>{width}}" for value in row) for row in table.steps.tolist()]
    return [f"  table {number}: slot {table.slot}, {table.bits} bits, {role}", *rows]
