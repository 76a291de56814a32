// Values of units from left to right: bars where there is one series, else markers of unlike shape
// and colour.

const HOW =
  "Left and right arrow keys go from unit to unit, Page Up and Page Down by a twentieth, " +
  "Home and End to the first and the last; what is marked is shown below. Enter picks it at once.";
const EDGE = { left: 52, right: 10, top: 22, bottom: 46 }; // px around the plot
const NEAR = 7; // px to each side in which the nearest value is looked for
const SHAPES = ["circle", "diamond", "square", "triangle", "plus", "cross"];

class Bars extends Chooser {
  constructor(place) {
    super(place, HOW);
    this.key = make("div", { class: "key" });
    this.save = make("button", { type: "button", class: "keys save" }, "PNG");
    this.save.title = "Save the chart as a picture";
    this.save.onclick = () => this.download();
    this.root.prepend(make("div", { class: "bar" }, this.key, this.save));
  }

  fit() {
    const room = this.root.clientWidth;
    if (!room) return; // not on the screen yet
    this.width = room;
    this.height = this.data.height;
    this.stage.style.height = `${this.height}px`;
    this.plotWidth = Math.max(1, room - EDGE.left - EDGE.right);
    this.plotHeight = this.height - EDGE.top - EDGE.bottom;
    this.colours = isDark(themeOf(this.root).ground) ? this.data.onDark : this.data.colours;
    this.measure();
    this.paint();
    this.spot();
  }

  /** Find the ends of the value axis: round numbers around the values, with 0 among them. */
  measure() {
    let low = 0;
    let high = 0;
    for (const { values } of this.data.series) {
      for (const value of values) {
        if (value === null) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    if (low === high) high = 1;
    this.tick = roundStep((high - low) / Math.max(2, this.plotHeight / 55));
    this.low = Math.floor(low / this.tick + 1e-9) * this.tick;
    this.high = Math.ceil(high / this.tick - 1e-9) * this.tick;
  }

  get pitch() {
    return this.plotWidth / Math.max(1, this.count);
  }

  x(position) {
    return EDGE.left + (position + 0.5) * this.pitch;
  }

  y(value) {
    return EDGE.top + (this.plotHeight * (this.high - value)) / (this.high - this.low);
  }

  paint(least = 1) {
    const pen = sharpen(this.base, this.width, this.height, least);
    const theme = themeOf(this.root);
    pen.font = `12px ${theme.font}`;
    this.paintAxes(pen, theme);
    if (this.data.series.length === 1) this.paintBars(pen);
    else this.data.series.forEach((series, i) => this.paintMarkers(pen, series.values, i));
    this.paintKey();
    this.paintMarks(least);
  }

  /** Save what is on the screen, at twice its size and with its key. */
  download() {
    const row = 24 * (this.data.series.length > 1);
    const canvas = make("canvas");
    const theme = themeOf(this.root);
    const pen = sharpen(canvas, this.width, this.height + row, 2);
    pen.fillStyle = theme.ground;
    pen.fillRect(0, 0, this.width, this.height + row);
    this.paint(2);
    for (const part of [this.base, this.marks]) {
      pen.drawImage(part, 0, row, this.width, this.height);
    }
    this.paint();
    pen.font = `12px ${theme.font}`;
    pen.textBaseline = "middle";
    let x = EDGE.left + 6;
    for (const [i, { name }] of row ? this.data.series.entries() : []) {
      pen.fillStyle = this.colour(i);
      shape(pen, SHAPES[i % 6], x, 12, 5);
      pen.fillStyle = theme.text;
      pen.fillText(name, x + 10, 12);
      x += pen.measureText(name).width + 30;
    }
    canvas.toBlob((blob) => {
      const link = make("a", { href: URL.createObjectURL(blob), download: this.data.file });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  colour(i) {
    return this.colours[i % this.colours.length];
  }

  paintAxes(pen, theme) {
    pen.lineWidth = 1;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    const digits = Math.max(0, -Math.floor(Math.log10(this.tick) + 1e-9));
    const steps = Math.round((this.high - this.low) / this.tick);
    for (let i = 0; i <= steps; i++) {
      const value = this.low + i * this.tick;
      const zero = Math.abs(value) < this.tick / 2;
      const y = Math.round(this.y(value)) + 0.5;
      pen.strokeStyle = zero ? theme.text : theme.line;
      line(pen, EDGE.left, y, this.width - EDGE.right, y);
      pen.fillStyle = theme.text;
      const shown = zero ? "0" : digits > 6 ? value.toExponential(1) : value.toFixed(digits);
      pen.fillText(shown, EDGE.left - 6, y);
    }
    pen.textAlign = "left";
    pen.fillText(this.data.valueTitle, 2, 8);
    this.paintAcross(pen);
  }

  paintAcross(pen) {
    const from = this.data.order ? 1 : 0; // ranks count from 1, units from 0
    const step = Math.max(1, roundStep((this.count * 70) / this.plotWidth));
    const bottom = this.height - EDGE.bottom;
    pen.textAlign = "center";
    for (let i = 0; i < this.count; i++) {
      const number = i + from;
      if (number % step && !(from && i === 0)) continue;
      if (from && number > 1 && number < step) continue;
      line(pen, this.x(i), bottom, this.x(i), bottom + 4);
      pen.fillText(String(number), this.x(i), bottom + 18);
    }
    const title = this.data.order ? this.data.rankTitle : "Unit";
    pen.fillText(title, EDGE.left + this.plotWidth / 2, this.height - 8);
  }

  paintBars(pen) {
    const { values } = this.data.series[0];
    const ratio = this.base.width / this.width;
    const zero = Math.round(this.y(0) * ratio) / ratio;
    const thick = this.pitch >= 4 ? Math.min(48, this.pitch * 0.8) : Math.max(1, this.pitch);
    pen.fillStyle = this.colours[0];
    for (let i = 0; i < this.count; i++) {
      const value = values[this.unit(i)];
      if (!value) continue;
      const left = Math.round((this.x(i) - thick / 2) * ratio) / ratio; // sharp edges
      const right = Math.max(left + 1 / ratio, Math.round((this.x(i) + thick / 2) * ratio) / ratio);
      const top = this.y(value);
      const high = Math.abs(top - zero) < 1 ? Math.sign(value) : zero - top; // small is not nothing
      pen.fillRect(left, zero - high, right - left, high);
    }
  }

  paintMarkers(pen, values, i) {
    const size = this.count > 400 ? 2.6 : this.count > 60 ? 3.4 : 5;
    pen.fillStyle = this.colour(i);
    pen.globalAlpha = 0.85;
    for (let at = 0; at < this.count; at++) {
      const value = values[this.unit(at)];
      if (value !== null) shape(pen, SHAPES[i % 6], this.x(at), this.y(value), size);
    }
    pen.globalAlpha = 1;
  }

  /** Say which marker stands for which series; one series needs no key. */
  paintKey() {
    const { series } = this.data;
    const parts = series.length < 2 ? [] : series.map(({ name }, i) => {
      const canvas = make("canvas", { "aria-hidden": "true" });
      const pen = sharpen(canvas, 14, 14);
      pen.fillStyle = this.colour(i);
      shape(pen, SHAPES[i % 6], 7, 7, 5);
      return make("span", {}, canvas, name);
    });
    this.key.replaceChildren(...parts);
  }

  paintMarks(least = 1) {
    const pen = sharpen(this.marks, this.width, this.height, least);
    const theme = themeOf(this.root);
    const bottom = this.height - EDGE.bottom;
    for (const unit of this.marked) {
      const position = this.data.order ? this.places.get(unit) ?? -1 : unit;
      if (position >= 0 && position < this.count) flag(pen, this.x(position), bottom, theme);
    }
    if (this.hovered >= 0) {
      pen.strokeStyle = theme.text;
      pen.globalAlpha = 0.5;
      line(pen, this.x(this.hovered), EDGE.top, this.x(this.hovered), bottom);
      pen.globalAlpha = 1;
    }
    if (this.position >= 0) this.paintSelected(pen, theme, bottom);
  }

  // A line beside nothing else: two-coloured, with the unit's number on top.
  paintSelected(pen, theme, bottom) {
    const x = this.x(this.position);
    for (const [colour, thick] of [[theme.ground, 5], [theme.strong, 2]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = thick;
      line(pen, x, EDGE.top, x, bottom);
    }
    this.data.series.forEach(({ values }, i) => {
      const value = values[this.selected];
      if (value === null) return;
      pen.fillStyle = theme.ground;
      shape(pen, SHAPES[i % 6], x, this.y(value), 8);
      pen.fillStyle = this.data.series.length === 1 ? theme.strong : this.colour(i);
      shape(pen, SHAPES[i % 6], x, this.y(value), 5.5);
    });
    const text = this.name(this.selected);
    pen.font = `600 12px ${theme.font}`;
    const half = pen.measureText(text).width / 2 + 5;
    const middle = Math.min(Math.max(x, half), this.width - half);
    pen.fillStyle = theme.strong;
    pen.fillRect(middle - half, 1, 2 * half, 18);
    pen.fillStyle = theme.ground;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(text, middle, 10.5);
  }

  /** Return the unit whose value is drawn nearest the pointer, among those about its column. */
  positionAt(event) {
    const box = this.stage.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (!this.count) return -1;
    const middle = Math.floor((x - EDGE.left) / this.pitch);
    if (x < EDGE.left - NEAR || x > this.width) return -1;
    const reach = Math.floor(NEAR / this.pitch);
    let best = Math.min(this.count - 1, Math.max(0, middle));
    let least = Infinity;
    for (let i = Math.max(0, best - reach); i <= Math.min(this.count - 1, best + reach); i++) {
      for (const { values } of this.data.series) {
        const value = values[this.unit(i)];
        if (value === null) continue;
        const away = Math.hypot(this.x(i) - x, this.y(value) - y);
        if (away < least && reach) [best, least] = [i, away];
      }
    }
    return best;
  }

  hover(position, event) {
    if (position !== this.hovered) {
      this.hovered = position;
      this.paintMarks();
    }
    if (position < 0) return this.tip.hide();
    const unit = this.unit(position);
    const box = this.root.getBoundingClientRect();
    const many = this.data.series.length > 1;
    const lines = this.data.series.map(({ name, values }) => [
      `${this.name(unit)}: ${inWords(values[unit])}`, many ? name : this.data.valueTitle,
    ]);
    this.tip.show(event.clientX - box.left, event.clientY - box.top, ...lines);
  }

  values(unit) {
    const { series, valueTitle } = this.data;
    const told = series.map(({ name, values }) =>
      series.length > 1 ? `${name} ${inWords(values[unit])}` : inWords(values[unit])
    );
    return `${valueTitle} ${told.join(", ")}`;
  }

  step(key, now) {
    const last = this.count - 1;
    const page = Math.max(1, Math.round(this.count / 20));
    const to = {
      Home: 0, End: last, ArrowLeft: now - 1, ArrowRight: now + 1,
      PageUp: now - page, PageDown: now + page,
    }[key];
    return to === undefined ? null : Math.min(last, Math.max(0, to));
  }
}

export default function (component) {
  return install(component, Bars);
}
