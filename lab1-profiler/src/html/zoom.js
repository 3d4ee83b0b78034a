"use strict";
// Choosing a box of a flame graph makes it as wide as the graph; choosing the topmost one shows all again.
for (const graph of document.querySelectorAll(".flame")) {
  const boxes = [...graph.children].map((box) => {
    const left = parseFloat(box.style.left);
    return { box, left, right: left + parseFloat(box.style.width), depth: Number(box.dataset.depth) };
  });
  graph.addEventListener("click", (event) => {
    const chosen = boxes.find((one) => one.box.contains(event.target));
    if (!chosen) return;
    const scale = 100 / (chosen.right - chosen.left);
    for (const one of boxes) {
      const left = Math.max(one.left, chosen.left), right = Math.min(one.right, chosen.right);
      one.box.hidden = left >= right;
      one.box.style.left = (left - chosen.left) * scale + "%";
      one.box.style.width = (right - left) * scale + "%";
    }
  });
}
