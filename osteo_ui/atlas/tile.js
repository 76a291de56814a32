// A tile with what lies over it. A click, or Enter after arrow keys, picks a place.

const HOW = "Arrow keys move a cross over the tile, with Shift in small steps. Enter picks the place.";
const STEP = 1 / 32; // of the tile; with Shift a sixteenth of that

class Tile {
  constructor(place) {
    this.report = new Report();
    this.place = null;
    this.below = make("img", { alt: "", draggable: "false" });
    this.above = make("img", { class: "over", alt: "", draggable: "false", hidden: "" });
    this.marks = make("canvas", { class: "over", "aria-hidden": "true" });
    this.stage = make("div", { class: "stage tile" }, this.below, this.above, this.marks);
    this.how = make("div", { id: `atlas-how-${++made}`, class: "unseen" }, HOW);
    this.live = make("div", { class: "unseen", "aria-live": "polite" });
    this.root = make("div", { class: "root" }, this.stage, this.how, this.live);
    this.tip = new Tip(this.root);
    this.stage.setAttribute("aria-describedby", this.how.id);
    this.stage.dataset.atlas = "";
    place.append(this.root);
    this.stage.onclick = (event) => this.pick(this.placeAt(event));
    this.stage.onkeydown = (event) => this.press(event);
    this.stage.onpointermove = (event) => this.hover(event);
    this.stage.onpointerleave = () => this.tip.hide();
    for (const image of [this.below, this.above]) {
      image.onerror = () => this.again(image);
    }
    this.observer = new ResizeObserver(() => this.data && this.paint());
    this.observer.observe(this.stage);
  }

  leave() {
    this.observer.disconnect();
  }

  show(data) {
    const first = !this.data;
    this.data = data;
    if (first || this.report.answered) this.place = data.place;
    const [width, height] = data.size;
    this.stage.style.maxWidth = `${data.width}px`;
    this.stage.style.aspectRatio = `${width} / ${height}`;
    this.picture(this.below, data.url);
    this.picture(this.above, data.overlay);
    this.above.style.opacity = data.opacity;
    this.root.classList.toggle("silent", data.silent);
    const frames = data.boxes.map((box) => box.label).filter(Boolean).join(", ");
    const label = frames ? `${data.alt}. Framed: ${frames}` : data.alt;
    this.stage.setAttribute("role", data.silent ? "img" : "application");
    if (data.silent) this.stage.removeAttribute("tabindex");
    else this.stage.setAttribute("tabindex", "0"); // never taken away for an instant: the focus stays
    this.stage.setAttribute("aria-label", label);
    this.paint();
  }

  picture(image, url) {
    image.hidden = !url;
    if (!url || image.dataset.url === url) return; // asked for once
    image.dataset.url = url;
    image.dataset.tries = 1;
    image.src = url;
  }

  again(image) {
    if (!Number(image.dataset.tries)) return;
    image.dataset.tries = 0;
    const url = image.dataset.url;
    setTimeout(() => image.dataset.url === url && (image.src = url), 400);
  }

  placeAt(event) {
    const box = this.stage.getBoundingClientRect();
    const share = (at, from, size) => Math.min(1, Math.max(0, (at - from) / size));
    return [share(event.clientX, box.left, box.width), share(event.clientY, box.top, box.height)];
  }

  pick(place) {
    if (this.data.silent) return;
    this.place = place;
    this.paint();
    this.report.now({ x: place[0], y: place[1] });
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.data.silent) return;
    const steps = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    };
    if (event.key === "Enter" || event.key === " ") {
      if (this.place) this.pick(this.place);
    } else if (event.key in steps) {
      const step = event.shiftKey ? STEP / 16 : STEP;
      const from = this.place ?? [0.5, 0.5];
      this.place = from.map((at, i) => Math.min(1, Math.max(0, at + step * steps[event.key][i])));
      this.report.stop();
      this.live.textContent = this.words(this.place);
      this.paint();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  words([x, y]) {
    return `${(100 * x).toFixed(1)} % across, ${(100 * y).toFixed(1)} % down`;
  }

  hover(event) {
    if (this.data.silent) return;
    const [x, y] = this.placeAt(event);
    const [width, height] = this.data.size;
    const box = this.root.getBoundingClientRect();
    const told = `x ${Math.floor(x * width)}, y ${Math.floor(y * height)} px`;
    this.tip.show(event.clientX - box.left, event.clientY - box.top, [told]);
  }

  paint() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!width || !height) return;
    const pen = sharpen(this.marks, width, height);
    const theme = themeOf(this.root);
    for (const box of this.data.boxes) this.frame(pen, box, width, height, theme);
    if (this.place) this.cross(pen, this.place[0] * width, this.place[1] * height, theme);
  }

  // Every line is drawn twice, dark and light: a tile has any colour.
  frame(pen, box, width, height, theme) {
    const x = Math.max(1.5, box.left * width);
    const y = Math.max(1.5, box.top * height);
    const across = Math.min(width - 1.5, box.right * width) - x;
    const down = Math.min(height - 1.5, box.bottom * height) - y;
    pen.lineWidth = 4;
    pen.strokeStyle = "rgba(0, 0, 0, 0.75)";
    pen.setLineDash([]);
    pen.strokeRect(x, y, across, down);
    pen.lineWidth = 2;
    pen.strokeStyle = "#fff";
    pen.setLineDash(box.style === "dashed" ? [7, 5] : []);
    pen.strokeRect(x, y, across, down);
    pen.setLineDash([]);
    if (box.label) this.label(pen, box.label, x, y, down, height, theme);
  }

  label(pen, text, x, y, down, height, theme) {
    pen.font = `12px ${theme.font}`;
    const long = pen.measureText(text).width + 10;
    const outside = y >= 19;
    const top = outside ? y - 19 : y + down + 19 < height ? y + down + 1 : y + 2;
    const left = Math.max(0, Math.min(x - 1, this.stage.clientWidth - long));
    pen.fillStyle = "rgba(0, 0, 0, 0.78)";
    pen.fillRect(left, top, long, 18);
    pen.fillStyle = "#fff";
    pen.textBaseline = "middle";
    pen.fillText(text, left + 5, top + 9.5);
  }

  cross(pen, x, y) {
    for (const [colour, thick] of [["rgba(0, 0, 0, 0.8)", 5], ["#fff", 2]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = thick;
      pen.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        pen.moveTo(x + 5 * dx, y + 5 * dy);
        pen.lineTo(x + 15 * dx, y + 15 * dy);
      }
      pen.moveTo(x + 9, y);
      pen.arc(x, y, 9, 0, 2 * Math.PI);
      pen.stroke();
    }
  }
}

export default function (component) {
  return install(component, Tile);
}
