// Returns the texts whose contrast with what is behind them is less than WCAG's level AA requires.
(() => {
  const rgba = (text) => {
    const n = text.match(/[\d.]+/g).map(Number);
    return text === "none" || n.length < 3 ? [0, 0, 0, 0] : [n[0], n[1], n[2], n[3] ?? 1];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const luminance = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const color = (element, property) => {
    const text = getComputedStyle(element)[property];
    return text === "none" ? [0, 0, 0, 0] : rgba(text);
  };
  // The page's own colors, from the outermost element inwards.
  const paper = (element) => {
    const above = element.parentElement ? paper(element.parentElement) : [255, 255, 255, 1];
    return element.ownerSVGElement ? above : over(color(element, "backgroundColor"), above);
  };
  // Of a text in a drawing: what is drawn before it where it begins.
  const drawn = (text) => {
    const box = text.getBoundingClientRect();
    const [x, y] = [box.left + 1, box.top + box.height / 2];
    let below = paper(text);
    for (const shape of text.ownerSVGElement.querySelectorAll("rect, path, polygon, ellipse")) {
      const b = shape.getBoundingClientRect();
      const before = shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (before && b.left <= x && x <= b.right && b.top <= y && y <= b.bottom) {
        below = over(color(shape, "fill"), below);
      }
    }
    return below;
  };
  const weak = new Set();
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("script, style, .unseen") || !element.checkVisibility()) continue;
    texts++;
    const svg = element.ownerSVGElement;
    const below = svg ? drawn(element) : paper(element);
    const above = over(color(element, svg ? "fill" : "color"), below);
    const [a, b] = [luminance(above), luminance(below)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    if (ratio < (large ? 3 : 4.5)) {
      weak.add(`${ratio.toFixed(2)}: ${element.tagName}.${element.getAttribute("class")}: ${walker.currentNode.data.trim().slice(0, 40)}`);
    }
  }
  return { Texts: texts, Dark: luminance(paper(document.body)) < 0.5, Weak: [...weak] };
})()
