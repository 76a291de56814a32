// Keys of the whole page, and the list of them.

const FLOOD = 250; // ms between two messages while a key is held down
// Where keys have a meaning of their own.
const TAKEN = [
  "input", "textarea", "select", "iframe", "video", "audio", "dialog", "[contenteditable]",
  "[data-atlas]", "[data-testid=stDataFrame]", "canvas",
  ...["combobox", "listbox", "radio", "radiogroup", "slider", "spinbutton", "textbox", "tab",
    "tablist", "menu", "menuitem", "option", "grid", "tree", "dialog"].map((r) => `[role=${r}]`),
].join(",");

class Keys {
  constructor(place) {
    this.report = new Report();
    this.button = make("button", { type: "button", class: "keys", "aria-haspopup": "dialog" });
    this.button.append("Keys ", make("kbd", { "aria-hidden": "true" }, "?"));
    this.dialog = make("dialog", { class: "help", "aria-label": "Keys" });
    this.root = make("div", { class: "root" }, this.button, this.dialog);
    place.append(this.root);
    this.waiting = new Map(); // times by action, not sent yet
    this.unheard = []; // [when sent, action, times]
    this.button.onclick = () => this.open();
    this.dialog.onclick = (event) => event.target === this.dialog && this.dialog.close();
    this.heard = (event) => this.hear(event);
    document.addEventListener("keydown", this.heard);
  }

  leave() {
    document.removeEventListener("keydown", this.heard);
    clearTimeout(this.timer);
  }

  show(data) {
    this.data = data;
    const rows = data.help.flatMap(([keys, words]) => [
      make("dt", {}, ...keys.split(" ").map((one) => make("kbd", {}, one))),
      make("dd", {}, words),
    ]);
    const close = make("button", { type: "button", class: "keys", autofocus: "" }, "Close");
    close.onclick = () => this.dialog.close();
    const open = this.dialog.open;
    const written = JSON.stringify(data.help);
    if (written === this.written) return;
    this.written = written;
    this.dialog.replaceChildren(make("h2", {}, "Keys"), make("dl", {}, ...rows), close);
    if (open) close.focus();
  }

  open() {
    if (!this.dialog.open) this.dialog.showModal(); // the browser returns the focus in the end
  }

  hear(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const path = event.composedPath(); // through shadow roots, where the target would not tell
    if (path.some((node) => node instanceof Element && node.matches(TAKEN))) return;
    if (document.querySelector("[role=dialog], dialog[open]")) return;
    if (event.key === "?") {
      event.preventDefault();
      this.open();
      return;
    }
    const pressing = path[0] instanceof Element && path[0].closest("button, a, summary");
    if (pressing && (event.key === "Enter" || event.key === " ")) return;
    if (!Object.hasOwn(this.data.bindings, event.key)) return;
    event.preventDefault();
    this.act(this.data.bindings[event.key]);
  }

  /** Tell the server at once, but of a key that is held down only every so often. */
  act(action) {
    this.waiting.set(action, (this.waiting.get(action) ?? 0) + 1);
    if (this.timer) return;
    this.tell();
    this.timer = setTimeout(() => this.rest(), FLOOD);
  }

  rest() {
    this.timer = 0;
    if (!this.waiting.size) return;
    this.tell();
    this.timer = setTimeout(() => this.rest(), FLOOD);
  }

  // One action a message. Streamlit forgets a message that is overtaken before it is heard: what
  // is not known to have been heard is told again.
  tell() {
    const [action, waiting] = this.waiting.entries().next().value;
    this.waiting.delete(action);
    const times = Math.min(100, waiting);
    const earlier = this.unheard.filter(([sent]) => sent > this.report.seen).slice(-20);
    this.report.now({ action, times, earlier });
    this.unheard = [...earlier, [this.report.sent, action, times]];
  }
}

export default function (component) {
  return install(component, Keys);
}
