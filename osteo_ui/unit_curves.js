// How values are spread in each class: steps over bins, told apart by colour and dash.

const CHARTS = new WeakMap(); // by the place where Streamlit mounts it: it calls us at each run
const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 210;
const EDGE = { left: 46, right: 10, top: 10, bottom: 40 };

function draw(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Round numbers within low..high, about as many as asked for. */
function ticks(low, high, about) {
  const rough = (high - low) / about || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(i * step);
  return found;
}

const told = (value) => String(Number(value.toPrecision(3)));
const percent = (share) => `${Number((share * 100).toPrecision(2))} %`;

function isDark(colour) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
  return 0.3 * red + 0.59 * green + 0.11 * blue < 128;
}

class Curves {
  constructor(place) {
    this.root = document.createElement("div");
    this.root.className = "curves";
    this.room = document.createElement("div");
    this.said = document.createElement("p");
    this.save = document.createElement("button");
    Object.assign(this.save, { type: "button", textContent: "PNG", title: "Save as PNG" });
    this.root.append(this.room, this.said, this.save);
    place.append(this.root);
    this.save.onclick = () => this.download();
    this.room.onpointermove = (event) => this.hover(event);
    this.room.onpointerleave = () => (this.said.textContent = "");
    this.observer = new ResizeObserver(() => this.data && this.paint());
    this.observer.observe(this.room);
  }

  show(data) {
    this.data = data;
    this.paint();
  }

  paint() {
    const { edges, series, title, now, alt } = this.data;
    const width = Math.max(200, this.room.clientWidth);
    const style = getComputedStyle(this.root);
    const of = (name, otherwise) => style.getPropertyValue(`--st-${name}`).trim() || otherwise;
    this.ground = of("background-color", "#fff");
    const text = of("text-color", "#222");
    const dark = isDark(this.ground);
    const low = Math.min(edges[0], now ?? edges[0]);
    const high = Math.max(edges[edges.length - 1], now ?? edges[0]);
    const most = Math.max(0.01, ...series.flatMap((one) => one.shares)) * 1.05;
    this.x = (value) => EDGE.left + ((value - low) / (high - low || 1)) * (width - EDGE.left - EDGE.right);
    const y = (share) => HEIGHT - EDGE.bottom - (share / most) * (HEIGHT - EDGE.bottom - EDGE.top);
    const svg = draw("svg", {
      xmlns: SVG, width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img",
      "aria-label": alt, "font-family": of("font", "sans-serif"), "font-size": 12, fill: text,
    });
    svg.append(draw("rect", { width, height: HEIGHT, fill: this.ground }));
    for (const share of ticks(0, most, 3)) {
      const at = y(share);
      const line = { x1: EDGE.left, x2: width - EDGE.right, y1: at, y2: at };
      svg.append(draw("line", { ...line, stroke: text, "stroke-opacity": share ? 0.15 : 0.6 }));
      svg.append(draw("text", { x: EDGE.left - 6, y: at + 4, "text-anchor": "end" }, percent(share)));
    }
    for (const value of ticks(low, high, Math.max(2, width / 90))) {
      const at = { x: this.x(value), y: HEIGHT - EDGE.bottom + 16, "text-anchor": "middle" };
      svg.append(draw("text", at, told(value)));
    }
    const middle = (EDGE.left + width - EDGE.right) / 2;
    svg.append(draw("text", { x: middle, y: HEIGHT - 6, "text-anchor": "middle" }, title));
    series.forEach((one) => {
      const steps = one.shares.map((share, i) => `L${this.x(edges[i])} ${y(share)}H${this.x(edges[i + 1])}`);
      const path = `M${this.x(edges[0])} ${y(0)}${steps.join("")}V${y(0)}`;
      const stroke = dark ? one.onDark : one.colour;
      const line = { stroke, "stroke-width": 2, "stroke-dasharray": one.dash, fill: "none" };
      svg.append(draw("path", { d: path, ...line }));
    });
    if (now !== null) {
      const at = { x1: this.x(now), x2: this.x(now), y1: EDGE.top, y2: HEIGHT - EDGE.bottom };
      svg.append(draw("line", { ...at, stroke: text, "stroke-width": 1.5 }));
      const right = this.x(now) > width / 2;
      const label = { x: this.x(now) + (right ? -5 : 5), y: EDGE.top + 8 };
      svg.append(draw("text", { ...label, "text-anchor": right ? "end" : "start" }, "this tile"));
    }
    this.svg = svg;
    this.room.replaceChildren(svg, this.key(dark));
  }

  key(dark) {
    const key = document.createElement("div");
    key.className = "key";
    for (const one of this.data.series) {
      const line = { x1: 0, x2: 26, y1: 6, y2: 6, stroke: dark ? one.onDark : one.colour };
      const sample = draw("line", { ...line, "stroke-width": 2.5, "stroke-dasharray": one.dash });
      const item = document.createElement("span");
      item.append(draw("svg", { width: 26, height: 12, "aria-hidden": "true" }, sample), one.name);
      key.append(item);
    }
    return key;
  }

  hover(event) {
    const { edges, series } = this.data;
    const at = event.clientX - this.room.getBoundingClientRect().left;
    const bin = edges.findIndex((edge, i) => i + 1 < edges.length && at >= this.x(edge) && at < this.x(edges[i + 1]));
    if (bin < 0) return (this.said.textContent = "");
    const shares = series.map((one) => `${one.name} ${percent(one.shares[bin])}`).join(", ");
    this.said.textContent = `${told(edges[bin])} to ${told(edges[bin + 1])}: ${shares}`;
  }

  download() {
    const image = new Image();
    const width = Number(this.svg.getAttribute("width"));
    image.onload = () => {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width: width * 2, height: HEIGHT * 2 });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      const link = document.createElement("a");
      Object.assign(link, { href: canvas.toDataURL("image/png"), download: `${this.data.name}.png` });
      link.click();
    };
    const text = new XMLSerializer().serializeToString(this.svg);
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  }
}

export default function ({ parentElement, data }) {
  if (!CHARTS.has(parentElement)) CHARTS.set(parentElement, new Curves(parentElement));
  const chart = CHARTS.get(parentElement);
  const call = (chart.call = Symbol());
  chart.show(data);
  return () => {
    if (chart.call !== call) return; // taken back late: see `install` of the atlas
    chart.observer.disconnect();
    chart.root.remove();
    CHARTS.delete(parentElement);
  };
}
