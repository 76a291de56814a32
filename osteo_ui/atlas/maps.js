// A mosaic of maps: one picture, cut up and laid out as the width, the order and the choice ask.

const GAP = 2; // px between maps on screen
const LARGEST = 130; // px, the longer side of a map
const LEAST = 28; // px; still a target for a finger or an unsteady hand
const HOW =
  "Arrow keys go from map to map, Home and End to the first and the last; " +
  "what is marked is shown below. Enter picks it at once.";

class Maps extends Chooser {
  constructor(place) {
    super(place, HOW);
    this.picture = new Picture(() => this.paint());
    this.frame.onscroll = () => this.hover(-1);
  }

  show(data) {
    super.show(data);
    this.picture.from(data.url);
  }

  /** Choose the size of a map so that as much as possible is seen without scrolling. */
  fit() {
    const room = this.root.clientWidth;
    if (!room) return; // not on the screen yet
    const side = this.snap(this.sideFor(room));
    this.setSide(side, room);
    const tall = this.height > this.data.height;
    this.frame.style.maxHeight = `${this.data.height}px`;
    this.frame.style.overflowY = tall ? "scroll" : "hidden";
    if (tall) this.setSide(side, this.frame.clientWidth);
    this.stage.style.width = `${this.width}px`;
    this.stage.style.height = `${this.height}px`;
    this.paint();
    this.reveal();
    this.spot();
  }

  sideFor(room) {
    for (let side = LARGEST; side > LEAST; side--) {
      this.setSide(side, room);
      if (this.height <= this.data.height) return side;
    }
    return LEAST;
  }

  setSide(side, room) {
    const [width, height] = this.data.cell;
    const longer = Math.max(width, height);
    this.cellWidth = Math.max(4, (side * width) / longer);
    this.cellHeight = Math.max(4, (side * height) / longer);
    this.across = Math.max(1, Math.floor((room + GAP) / (this.cellWidth + GAP)));
    this.across = Math.min(this.across, Math.max(1, this.count));
    this.down = Math.ceil(this.count / this.across);
    this.width = this.across * (this.cellWidth + GAP) - GAP;
    this.height = Math.max(0, this.down * (this.cellHeight + GAP) - GAP);
  }

  /** Prefer a size at which every value of a map covers as many px of the screen as the next. */
  snap(side) {
    const ratio = window.devicePixelRatio || 1;
    const longer = Math.max(...this.data.cell);
    const times = Math.floor((side * ratio) / longer);
    const snapped = (times * longer) / ratio;
    return snapped >= LEAST && snapped >= 0.75 * side ? snapped : side;
  }

  corner(position) {
    const row = Math.floor(position / this.across);
    const column = position % this.across;
    return [column * (this.cellWidth + GAP), row * (this.cellHeight + GAP)];
  }

  positionAt(event) {
    const box = this.stage.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / (this.cellWidth + GAP));
    const row = Math.floor((event.clientY - box.top) / (this.cellHeight + GAP));
    const position = row * this.across + column;
    const inside = column >= 0 && column < this.across && row >= 0 && position < this.count;
    return inside ? position : -1;
  }

  paint() {
    if (!this.width) return;
    const pen = sharpen(this.base, this.width, this.height);
    const { cell, gap, columns } = this.data;
    const ratio = this.base.width / this.width;
    pen.imageSmoothingEnabled = this.cellWidth * ratio < cell[0]; // values stay squares
    pen.imageSmoothingQuality = "high";
    pen.fillStyle = themeOf(this.root).quiet;
    for (let i = 0; i < this.count; i++) {
      const [x, y] = this.corner(i);
      if (!this.picture.image) {
        pen.fillRect(x, y, this.cellWidth, this.cellHeight);
        continue;
      }
      const unit = this.unit(i);
      const left = (unit % columns) * (cell[0] + gap);
      const top = Math.floor(unit / columns) * (cell[1] + gap);
      pen.drawImage(
        this.picture.image, left, top, cell[0], cell[1], x, y, this.cellWidth, this.cellHeight
      );
    }
    this.paintMarks();
  }

  paintMarks() {
    const pen = sharpen(this.marks, this.width, this.height);
    const theme = themeOf(this.root);
    for (const unit of this.marked) {
      const position = this.data.order ? this.places.get(unit) ?? -1 : unit;
      if (position >= 0 && position < this.count) this.bookmark(pen, position, theme);
    }
    if (this.hovered >= 0) this.outline(pen, this.hovered, [[theme.text, 2, 0]]);
    if (this.position >= 0) {
      // Two lines, one of which stands out from any map.
      this.outline(pen, this.position, [[theme.strong, 3, 0], [theme.ground, 2, 3]]);
    }
  }

  outline(pen, position, lines) {
    const [x, y] = this.corner(position);
    for (const [colour, thick, inset] of lines) {
      const off = inset + thick / 2 - 1; // one px of the gap belongs to the line
      pen.strokeStyle = colour;
      pen.lineWidth = thick;
      pen.strokeRect(x + off, y + off, this.cellWidth - 2 * off, this.cellHeight - 2 * off);
    }
  }

  bookmark(pen, position, theme) {
    const [x, y] = this.corner(position);
    const right = x + this.cellWidth;
    const size = Math.max(9, Math.min(16, this.cellWidth / 4));
    pen.beginPath();
    pen.moveTo(right - size, y);
    pen.lineTo(right, y);
    pen.lineTo(right, y + size);
    pen.closePath();
    pen.fillStyle = theme.mark;
    pen.fill();
    pen.strokeStyle = theme.ground;
    pen.lineWidth = 1.5;
    pen.stroke();
  }

  hover(position, event) {
    if (position !== this.hovered) {
      this.hovered = position;
      this.paintMarks();
    }
    if (position < 0) return this.tip.hide();
    const unit = this.unit(position);
    const box = this.root.getBoundingClientRect();
    const told = `${this.name(unit)}: ${inWords(this.data.values[unit])}`;
    this.tip.show(event.clientX - box.left, event.clientY - box.top, [told, this.data.valueTitle]);
  }

  values(unit) {
    return `${this.data.valueTitle} ${inWords(this.data.values[unit])}`;
  }

  step(key, now) {
    const page = this.across * Math.max(1, Math.floor(this.data.height / (this.cellHeight + GAP)));
    const last = this.count - 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.across, ArrowDown: this.across };
    if (key === "Home") return 0;
    if (key === "End") return last;
    if (key === "PageUp") return Math.max(now % this.across, now - page);
    if (key === "PageDown") return Math.min(last, now + page);
    if (!(key in steps)) return null;
    const next = now + steps[key];
    return next < 0 || next > last ? now : next;
  }

  /** Scroll to the marked map: to the middle if it is far away, else as little as need be. */
  reveal() {
    if (this.position < 0) return;
    const top = this.corner(this.position)[1];
    const { scrollTop, clientHeight } = this.frame;
    const above = scrollTop - top;
    const below = top + this.cellHeight - clientHeight - scrollTop;
    if (above <= 0 && below <= 0) return;
    const far = Math.max(above, below) > 2 * this.cellHeight;
    const middle = top - (clientHeight - this.cellHeight) / 2;
    this.frame.scrollTop = far ? middle : above > 0 ? top : scrollTop + below + 6;
  }
}

export default function (component) {
  return install(component, Maps);
}
