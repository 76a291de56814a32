// What the widgets of the atlas share. Python puts this text in front of each widget's own, so that
// every component is one module and nothing has to be built.

const PAUSE = 120; // ms without a key until the server hears where a held key came to rest
const PATIENCE = 8000; // ms that the browser's own mark stands while no answer comes
const WIDGETS = new WeakMap(); // by the place where Streamlit mounts it: it calls us at each run

/**
 * Make a widget once a place, show the newest data in it, and take it away in the end.
 *
 * Data that change while Streamlit still fetches the code make it call us for the old and for the
 * new, and only then take back the old call: what takes back a call that is not the last does
 * nothing, or the place would stay empty.
 */
function install(component, Widget) {
  const place = component.parentElement;
  if (!WIDGETS.has(place)) WIDGETS.set(place, new Widget(place));
  const widget = WIDGETS.get(place);
  const call = (widget.call = Symbol());
  widget.report.connect(component.setTriggerValue, component.data);
  widget.show(component.data);
  return () => {
    if (widget.call !== call) return;
    widget.report.quit();
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
const REST = 600; // ms without an answer before a pick is told again

class Report {
  constructor() {
    this.sent = 0;
    this.at = 0;
    this.timer = 0;
    // On the way to another page a pick that is told again would be taken for one made there.
    this.onclick = (event) => event.target.closest("a[href]") && this.quit();
  }

  connect(trigger, data) {
    Object.assign(this, { trigger, seen: data.seen, silent: data.silent });
  }

  now(value) {
    this.stop();
    if (this.silent) return;
    this.sent = Math.max(Date.now(), this.sent + 1, this.seen + 1); // clocks may be set back
    this.at = Date.now();
    this.message = { sent: this.sent, value };
    this.trigger("pick", this.message);
    document.addEventListener("click", this.onclick, true);
    this.insist(4);
  }

  // Streamlit loses a pick that comes while a run is about to start the next one by itself. What
  // was not heard is told again once the page has come to rest; heard twice, it counts once.
  insist(times) {
    clearTimeout(this.again);
    this.again = setTimeout(() => {
      if (!times || this.seen >= this.sent) return;
      const app = document.querySelector("[data-testid=stApp]");
      const busy = app?.dataset.testScriptState === "running";
      if (!busy) this.trigger("pick", this.message);
      this.insist(busy ? times : times - 1);
    }, REST);
  }

  soon(value) {
    this.stop();
    this.timer = setTimeout(() => this.now(value), PAUSE);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
  }

  /** Tell nothing any more until the next pick. */
  quit() {
    this.stop();
    clearTimeout(this.again);
    document.removeEventListener("click", this.onclick, true);
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
