// Units on a canvas, one of them marked: shared by maps and bars.

/** The one option of a list box that is told to those who cannot see the canvas. */
class Voice {
  constructor(box, instructions) {
    this.box = box;
    this.turn = 0;
    this.how = make("div", { id: `atlas-how-${++made}`, class: "unseen" }, instructions);
    this.options = [0, 1].map((i) =>
      make("div", { id: `atlas-option-${made}-${i}`, class: "unseen", role: "option" })
    );
    box.setAttribute("aria-describedby", this.how.id);
    box.after(this.how);
  }

  /** Tell one option; two take turns, because a list box announces only another option. */
  tell(text, position, count) {
    if (text === this.text && count === this.count) return;
    Object.assign(this, { text, count });
    this.options[this.turn].remove();
    this.turn = 1 - this.turn;
    const option = this.options[this.turn];
    option.textContent = text;
    option.setAttribute("aria-selected", "true");
    option.setAttribute("aria-posinset", position + 1);
    option.setAttribute("aria-setsize", count);
    this.box.append(option);
    this.box.setAttribute("aria-activedescendant", option.id);
  }

  silence() {
    this.options[this.turn].remove();
    this.box.removeAttribute("aria-activedescendant");
    this.text = undefined;
  }
}

/** Units drawn on a canvas, one of them marked: what maps and bars have in common. */
class Chooser {
  constructor(place, instructions) {
    this.report = new Report();
    this.data = null;
    this.selected = null;
    this.hovered = -1; // a position on screen, not a unit
    this.base = make("canvas", { "aria-hidden": "true" });
    this.marks = make("canvas", { class: "over", "aria-hidden": "true" });
    this.stage = make("div", { class: "stage" }, this.base, this.marks);
    this.frame = make("div", { class: "frame", role: "listbox", tabindex: "0" }, this.stage);
    this.frame.dataset.atlas = "";
    this.root = make("div", { class: "root" }, this.frame);
    this.voice = new Voice(this.frame, instructions);
    this.tip = new Tip(this.root);
    place.append(this.root);
    this.listen();
  }

  listen() {
    this.stage.onpointermove = (event) => this.hover(this.positionAt(event), event);
    this.stage.onpointerleave = () => this.hover(-1);
    this.stage.onclick = (event) => {
      const position = this.positionAt(event);
      if (position < 0) return;
      this.mark(position);
      this.report.now(this.unit(position));
    };
    this.frame.onkeydown = (event) => this.press(event);
    this.frame.onfocus = () => this.spot();
    this.observer = new ResizeObserver(() => this.data && this.fit());
    this.observer.observe(this.root);
  }

  leave() {
    this.observer.disconnect();
  }

  /** Take new data: the order, what is marked, and whatever else differs. */
  show(data) {
    const first = this.data === null;
    const before = JSON.stringify([this.data?.order, this.data?.count]);
    this.data = data;
    this.count = data.order ? data.order.length : data.count;
    this.places = new Map(data.order ? data.order.map((unit, i) => [unit, i]) : []);
    if (JSON.stringify([data.order, data.count]) !== before) this.hovered = -1;
    this.marked = new Set(data.marked);
    if (first || this.report.answered) this.selected = data.selected;
    this.frame.setAttribute("aria-label", data.alt);
    this.root.classList.toggle("silent", data.silent);
    this.fit();
  }

  unit(position) {
    return this.data.order ? this.data.order[position] : position;
  }

  /** Where the selected unit stands; -1 where it is not shown. */
  get position() {
    if (this.selected === null) return -1;
    if (this.data.order) return this.places.get(this.selected) ?? -1;
    return this.selected < this.count ? this.selected : -1;
  }

  name(unit) {
    return this.data.labels ? this.data.labels[unit] : String(unit);
  }

  /** Mark a position at once; whether and when the server hears of it is another matter. */
  mark(position) {
    this.selected = this.unit(position);
    this.paintMarks();
    this.reveal();
    this.spot();
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.count) return;
    const now = this.position;
    if (event.key === "Enter" || event.key === " ") {
      if (now >= 0) this.report.now(this.selected);
    } else {
      const next = now < 0 ? this.start(event.key) : this.step(event.key, now);
      if (next === null) return; // not a key of ours
      if (next !== now) {
        this.mark(next);
        this.report.soon(this.selected);
      }
    }
    event.preventDefault();
    event.stopPropagation();
  }

  start(key) {
    return this.step(key, 0) === null ? null : key === "End" ? this.count - 1 : 0;
  }

  /** Tell the marked unit to screen readers. */
  spot() {
    const position = this.position;
    if (position < 0) return this.voice.silence();
    const bookmark = this.marked.has(this.selected) ? ", bookmarked" : "";
    const place = `${position + 1} of ${this.count}`;
    const text = `Unit ${this.name(this.selected)}, ${this.values(this.selected)}, ${place}`;
    this.voice.tell(text + bookmark, position, this.count);
  }

  reveal() {}
}
