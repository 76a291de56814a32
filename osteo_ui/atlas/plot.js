// What bars and markers are drawn with.

/** The next of 1, 2 and 5 times a power of ten. */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((times) => times * power >= least * (1 - 1e-9)) ?? 10);
}

const PLUS = [
  [-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4],
  [0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4],
];
const CORNERS = {
  diamond: [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]],
  triangle: [[0, -1.2], [1.15, 0.9], [-1.15, 0.9]],
  plus: PLUS,
  cross: PLUS.map(([x, y]) => [(x - y) * Math.SQRT1_2, (x + y) * Math.SQRT1_2]),
};

function line(pen, x1, y1, x2, y2) {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

function shape(pen, kind, x, y, size) {
  pen.beginPath();
  if (kind === "circle") pen.arc(x, y, size, 0, 2 * Math.PI);
  else if (kind === "square") pen.rect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8);
  else {
    CORNERS[kind].forEach(([dx, dy]) => pen.lineTo(x + dx * size, y + dy * size));
    pen.closePath();
  }
  pen.fill();
}

function flag(pen, x, bottom, theme) {
  pen.beginPath();
  [[0, 0], [5, 9], [-5, 9]].forEach(([dx, dy]) => pen.lineTo(x + dx, bottom + dy));
  pen.closePath();
  pen.fillStyle = theme.mark;
  pen.fill();
  pen.strokeStyle = theme.ground;
  pen.stroke();
}

/** Whether a colour of the theme, as #rrggbb or rgb(), is a dark one. */
function isDark(colour) {
  const pen = make("canvas").getContext("2d");
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
  return 0.3 * red + 0.59 * green + 0.11 * blue < 128;
}
