// Named values in a list, each with a bar that says size and sign; a row may be picked.

class Rows {
  constructor(place) {
    this.root = this.list = make("ol", { class: "rows" });
    this.report = new Report();
    this.rows = [];
    this.list.onclick = (event) => this.pick(event.target.closest("button"));
    place.append(this.list);
  }

  show(data) {
    this.data = data;
    if (this.report.answered) this.rows.forEach((item) => item.classList.remove("picked"));
    this.list.setAttribute("aria-label", data.alt);
    // Rows are kept from run to run, so that the one with the focus does not lose it.
    while (this.rows.length > data.rows.length) this.rows.pop().remove();
    while (this.rows.length < data.rows.length) this.add();
    const signed = data.rows.some((row) => row.value < 0);
    this.list.classList.toggle("signed", signed);
    this.list.classList.toggle("silent", data.silent);
    const most = Math.max(data.most, ...data.rows.map((row) => Math.abs(row.value ?? 0)));
    this.rows.forEach((item, i) => this.fill(item, data.rows[i], signed, most));
  }

  add() {
    const bar = make("span", { class: "track", "aria-hidden": "true" }, make("i", {}));
    const button = make("button", { type: "button" }, make("span", { class: "name" }), bar);
    button.append(make("span", { class: "value" }), make("small", {}));
    const item = make("li", {}, button);
    this.rows.push(item);
    this.list.append(item);
  }

  fill(item, row, signed, most) {
    const button = item.firstChild;
    const [name, track, value, note] = button.children;
    name.textContent = row.name;
    value.textContent = row.text;
    note.textContent = row.note;
    button.setAttribute("aria-label", [row.name, row.text, row.note].filter(Boolean).join(", "));
    button.disabled = this.data.silent;
    if (row.strong) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    const share = most > 0 ? Math.abs(row.value ?? 0) / most : 0;
    const room = signed ? 50 : 100;
    const bar = track.firstChild;
    bar.className = row.value < 0 ? "less" : "more";
    bar.style.width = `${share * room}%`;
    bar.style.left = `${!signed ? 0 : row.value < 0 ? 50 - share * room : 50}%`;
  }

  pick(button) {
    if (!button || this.data.silent) return;
    const index = this.rows.indexOf(button.parentElement);
    this.rows.forEach((item, i) => item.classList.toggle("picked", i === index));
    this.report.now(index);
  }

  leave() {}
}

export default function (component) {
  return install(component, Rows);
}
