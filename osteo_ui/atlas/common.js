// What all widgets of the atlas share. Python puts this text in front of each widget's own, so
// that every component is one module and nothing has to be built.

const PAUSE = 120; // ms without a key until the server hears where a held key came to rest
const PATIENCE = 8000; // ms that the browser's own mark stands while no answer comes
const WIDGETS = new WeakMap(); // by the place where Streamlit mounts it: it calls us at each run

/** Make a widget once a place, show the newest data in it, and take it away in the end. */
function install(component, Widget) {
  const place = component.parentElement;
  if (!WIDGETS.has(place)) WIDGETS.set(place, new Widget(place));
  const widget = WIDGETS.get(place);
  widget.report.connect(component.setTriggerValue, component.data);
  widget.show(component.data);
  return () => {
    widget.report.stop();
    widget.leave();
    widget.root.remove();
    WIDGETS.delete(place);
  };
}

/** Make an element; attributes that are null are left out, children may be texts. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Tells the server what was picked, and knows whether it has answered yet. */
class Report {
  constructor() {
    this.sent = 0;
    this.at = 0;
    this.timer = 0;
  }

  connect(trigger, data) {
    Object.assign(this, { trigger, seen: data.seen, silent: data.silent });
  }

  now(value) {
    this.stop();
    if (this.silent) return;
    this.sent = Math.max(Date.now(), this.sent + 1, this.seen + 1); // clocks may be set back
    this.at = Date.now();
    this.trigger("pick", { sent: this.sent, value });
  }

  soon(value) {
    this.stop();
    this.timer = setTimeout(() => this.now(value), PAUSE);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
  }

  /** Whether what the server says is its answer to the latest pick, and not to one before. */
  get answered() {
    return !this.timer && (this.seen >= this.sent || Date.now() - this.at > PATIENCE);
  }
}

/** Keeps one picture; asks for it only when its address changes. */
class Picture {
  constructor(loaded) {
    this.loaded = loaded;
    this.url = null;
    this.image = null;
  }

  from(url) {
    if (url === this.url) return;
    this.url = url;
    this.load(url, 1);
  }

  load(url, again) {
    const image = new Image();
    image.onload = () => {
      if (url !== this.url) return; // another one has been asked for since
      this.image = image;
      this.loaded();
    };
    // Streamlit may drop a picture in the instant between two runs that both name it.
    image.onerror = () => again && setTimeout(() => this.load(url, again - 1), 400);
    image.src = url;
  }
}

/** Say a value as the pages do: three digits, or whole where it has more. */
function inWords(value) {
  if (value === null || value === undefined) return "no number";
  const size = Math.abs(value);
  if (size >= 1000 && size < 1e6) return value.toFixed(0);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(3)));
}

/** The colours of Streamlit's theme, as they are at this moment. */
function themeOf(element) {
  const style = getComputedStyle(element);
  const of = (name, otherwise) => style.getPropertyValue(`--st-${name}`).trim() || otherwise;
  return {
    ground: of("background-color", "#fff"),
    quiet: of("secondary-background-color", "#eee"),
    text: of("text-color", "#222"),
    strong: of("primary-color", "#06c"),
    line: of("border-color", "#ccc"),
    mark: of("orange-color", "#e69f00"),
    font: of("font", "sans-serif"),
  };
}

/** Give a canvas a size in CSS px, sharp on any screen; returns a pen that counts in CSS px. */
function sharpen(canvas, width, height, least = 1) {
  const most = Math.sqrt(24e6 / Math.max(1, width * height)); // some browsers draw no more
  const ratio = Math.min(Math.max(window.devicePixelRatio || 1, least), most);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

/** A small label beside the pointer, kept within its room. */
class Tip {
  constructor(room) {
    this.room = room;
    this.box = make("div", { class: "tip", "aria-hidden": "true", hidden: "" });
    room.append(this.box);
  }

  /** Show lines of [text, quiet text] at a place of the room, px. */
  show(x, y, ...lines) {
    this.box.replaceChildren(
      ...lines.map(([text, quiet]) => make("div", {}, text, make("small", {}, quiet ?? "")))
    );
    this.box.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const left = x + 14 + width > this.room.clientWidth ? x - 10 - width : x + 14;
    const top = y - 10 - height < 0 ? y + 18 : y - 10 - height;
    this.box.style.transform = `translate(${Math.max(0, left)}px, ${top}px)`;
  }

  hide() {
    this.box.hidden = true;
  }
}

let made = 0; // ids are unlike one another

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
