// A map without a map: a plain grid around the demonstration's street, its invented places, and a point to move. What WeChat draws, and its
// search, need servers of their own; here nothing is fetched.
const centre = { latitude: 30.9187, longitude: 121.4738 };
const wide = 0.024; // degrees of longitude across
const across = 320;
const high = 240;
const ratio = Math.cos((centre.latitude * Math.PI) / 180); // a degree of longitude is shorter

const places = [
  ["望舒里", "望舒路188弄", 30.9221, 121.4702],
  ["汀禾苑", "汀禾路66弄", 30.9206, 121.4795],
  ["蘅芷新村", "蘅芷路320弄", 30.9164, 121.4681],
  ["沐晴佳苑", "沐晴路99弄", 30.9142, 121.4762],
  ["穗谷科创园", "穗谷路88号", 30.9181, 121.4826],
].map(([name, road, latitude, longitude]) => ({ name, address: `演示街道${road}`, latitude, longitude }));

const x = (longitude) => across / 2 + ((longitude - centre.longitude) / wide) * across;
const y = (latitude) => high / 2 - ((latitude - centre.latitude) / (wide * ratio)) * across;
const svg = (tag, attributes, text) => {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text) e.textContent = text;
  return e;
};

function draw(label) {
  const map = svg("svg", { viewBox: `0 0 ${across} ${high}`, class: "mp-map", role: "img", "aria-label": label });
  for (let i = 0; i <= across; i += 32) map.append(svg("path", { d: `M${i} 0V${high}M0 ${i}H${across}`, stroke: "#d5dbe3", fill: "none" }));
  for (const p of places) map.append(svg("circle", { cx: x(p.longitude), cy: y(p.latitude), r: 3, fill: "#66707b" }), svg("text", { x: x(p.longitude), y: y(p.latitude) - 12, "text-anchor": "middle", "font-size": 12, fill: "#4a5560" }, p.name));
  const pin = svg("circle", { r: 8, fill: "#1a4f9c", stroke: "#fff", "stroke-width": 3 });
  map.append(pin);
  return { map, move: (at) => (pin.setAttribute("cx", x(at.longitude)), pin.setAttribute("cy", y(at.latitude))) };
}

/** open shows the map at a place in a dialog of the preview's, and gives the place that was chosen there. */
async function open(dialog, title, at, choosing) {
  const body = document.createElement("div");
  const { map, move } = draw(choosing ? "示意图：点一下，把位置移到那里" : "示意图");
  const said = Object.assign(document.createElement("p"), { className: "mp-place" });
  const set = (to) => ((at = to), move(at), (said.textContent = [at.name || "地图上的一点", at.address].filter(Boolean).join("，")));
  body.append(map, said);
  set(at);
  if (choosing) {
    map.onclick = (e) => {
      const box = map.getBoundingClientRect();
      const px = ((e.clientX - box.left) / box.width) * across, py = ((e.clientY - box.top) / box.height) * high;
      set({ name: "", address: "", longitude: +(centre.longitude + ((px - across / 2) / across) * wide).toFixed(6), latitude: +(centre.latitude - ((py - high / 2) / across) * wide * ratio).toFixed(6) });
    };
    const list = Object.assign(document.createElement("div"), { className: "mp-places" });
    for (const p of places) list.append(Object.assign(document.createElement("button"), { textContent: p.name, onclick: () => set(p) }));
    body.append(list);
  }
  const yes = await dialog({ title, body, buttons: choosing ? [{ text: "取消", answer: false }, { text: "确定", answer: true, cls: "mp-yes" }] : [{ text: "关闭", answer: false }] });
  return yes ? at : undefined;
}

/** phoneAt is where every phone of the preview is. */
export const phoneAt = { ...centre, accuracy: 20 };

/** chooseOn gives the place that somebody chose; none when they gave up. */
export const chooseOn = (dialog, from) => open(dialog, "选择位置（示意图）", { name: "", address: "", ...centre, ...from }, true);

export const showOn = (dialog, at) => open(dialog, "位置（示意图）", at, false);
