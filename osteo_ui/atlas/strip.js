// Tiles in a row that wraps, cut from one picture; each is a button.

class Strip {
  constructor(place) {
    this.report = new Report();
    this.selected = null;
    this.list = make("div", { class: "strip", role: "group" });
    this.root = make("div", { class: "root" }, this.list);
    this.list.dataset.atlas = "";
    this.picture = new Picture(() => this.paint());
    this.buttons = [];
    this.list.onclick = (event) => this.pick(this.buttons.indexOf(event.target.closest("button")));
    this.list.onkeydown = (event) => this.press(event);
    place.append(this.root);
  }

  leave() {}

  show(data) {
    const first = !this.data;
    this.data = data;
    if (first || this.report.answered) this.selected = data.selected;
    this.root.classList.toggle("silent", data.silent);
    this.list.setAttribute("aria-label", data.alt);
    while (this.buttons.length > data.count) this.buttons.pop().remove();
    while (this.buttons.length < data.count) this.add();
    this.buttons.forEach((button, i) => this.fill(button, data.captions[i] ?? ""));
    this.picture.from(data.url);
    this.paint();
    this.mark();
  }

  // Buttons are kept from run to run, so that the one with the focus does not lose it.
  add() {
    const face = make("canvas", { "aria-hidden": "true" });
    const button = make("button", { type: "button" }, face, make("span"));
    this.buttons.push(button);
    this.list.append(button);
  }

  fill(button, caption) {
    const [head, ...rest] = caption.split("\n");
    button.lastChild.replaceChildren(head, make("small", {}, rest.join(" ")));
    button.style.width = `${this.size()[0] + 8}px`;
    button.disabled = this.data.silent;
  }

  size() {
    const { cell, side } = this.data;
    const longer = Math.max(...cell);
    return cell.map((length) => Math.round((side * length) / longer));
  }

  paint() {
    const { cell, gap, columns } = this.data;
    const [width, height] = this.size();
    const quiet = themeOf(this.root).quiet;
    this.buttons.forEach((button, i) => {
      const pen = sharpen(button.firstChild, width, height);
      pen.imageSmoothingQuality = "high";
      pen.fillStyle = quiet;
      pen.fillRect(0, 0, width, height);
      if (!this.picture.image) return;
      const left = (i % columns) * (cell[0] + gap);
      const top = Math.floor(i / columns) * (cell[1] + gap);
      pen.drawImage(this.picture.image, left, top, cell[0], cell[1], 0, 0, width, height);
    });
  }

  mark() {
    const reached = this.buttons.findIndex((button) => button.matches(":focus"));
    const stop = reached >= 0 ? reached : Math.max(0, this.selected ?? 0);
    this.buttons.forEach((button, i) => {
      if (i === this.selected) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      button.tabIndex = i === stop ? 0 : -1; // Tab goes to the row, arrow keys go within it
    });
  }

  pick(i) {
    if (i < 0 || this.data.silent) return;
    this.selected = i;
    this.mark();
    this.report.now(i);
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const now = this.buttons.findIndex((button) => button.matches(":focus"));
    const last = this.buttons.length - 1;
    const next = {
      ArrowLeft: now - 1, ArrowUp: now - 1, ArrowRight: now + 1, ArrowDown: now + 1,
      Home: 0, End: last,
    }[event.key];
    if (next === undefined || now < 0) return;
    this.buttons[Math.min(last, Math.max(0, next))].focus();
    this.mark();
    event.preventDefault();
    event.stopPropagation();
  }
}

export default function (component) {
  return install(component, Strip);
}
