// The image of a card at its own shape, as it is stored, with something over it in its coordinates.

import {element} from "./dom.js";

const TALLEST = 26;  // rem

/** The picture of an image that is `width` by `height` pixels, and the elements that cover it. */
export function stage({width, height}, picture, ...covers) {
  const image = picture.cloneNode();
  image.addEventListener("error", () => image.remove());
  const style = {"aspect-ratio": `${width} / ${height}`, "max-width": `min(100%, ${(TALLEST * width) / height}rem)`};
  return element("div", {className: "stage", style}, image, ...covers);
}
