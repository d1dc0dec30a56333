// Colours for canvases: those of the page's theme, and the scale of qualities (viridis, as the PNG of the evidence has it).

const VIRIDIS = [[68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140], [40, 174, 128],
  [94, 201, 98], [173, 220, 48], [253, 231, 37]];

/** A custom property of the page as a colour that a canvas takes. */
export function themed(name) {
  const probe = document.createElement("span");
  probe.style.setProperty("color", `var(--${name})`);
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

/** Colour of a quality from 1 to 100. */
export function ofQuality(quality, opacity) {
  const at = ((quality - 1) / 99) * (VIRIDIS.length - 1);
  const first = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const mixed = VIRIDIS[first].map((part, i) => Math.round(part + (at - first) * (VIRIDIS[first + 1][i] - part)));
  return `rgb(${mixed.join(" ")} / ${opacity})`;
}
