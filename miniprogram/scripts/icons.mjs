// Writes src/components/icon/icon.wxss: the icons that the pages use, drawn from tdesign-icons-svg as masks inside the
// style sheet. Nothing is fetched: a street office's network may be closed, and TDesign's own icon font is on a CDN.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

// Our name: the drawing's name.
const names = {
  home: "task", "home-on": "task-filled", inbox: "notification", "inbox-on": "notification-filled", me: "user", "me-on": "user-filled",
  right: "chevron-right", down: "chevron-down", close: "close", check: "check", add: "add", camera: "camera", photo: "image", place: "location",
  time: "time", error: "error-circle", wait: "wifi-off", call: "call", search: "search", file: "file", shield: "secured", people: "usergroup", swap: "swap", out: "logout", big: "zoom-in", send: "cloud-upload", empty: "task-checked", delete: "delete", phone: "mobile", edit: "edit-1",
};

const here = path.dirname(fileURLToPath(import.meta.url));
export const iconsFile = path.join(here, "../src/components/icon/icon.wxss");

/** icons gives the style sheet's text. */
export function icons() {
  const rules = Object.entries(names).map(([ours, theirs]) => {
    const svg = fs.readFileSync(path.join(here, "../node_modules/tdesign-icons-svg/src", theirs + ".svg"), "utf8")
      .replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ').replace(/xmlns="http:\/\/www\.w3\.org\/2000\/svg" xmlns=/, "xmlns=")
      .replace("view-box", "viewBox").replace(/ (id|class)="[^"]*"/g, "").replace(/currentColor/g, "#000").replace(/\s+/g, " ").trim();
    return `.${ours} { --drawing: url("data:image/svg+xml,${encodeURIComponent(svg)}"); }`;
  });
  return `/* Written by scripts/icons.mjs from tdesign-icons-svg (MIT). Do not edit: npm run icons */
:host { display: inline-flex; line-height: 1; }
.icon { display: inline-block; width: 1em; height: 1em; background: currentColor; -webkit-mask: var(--drawing) center / contain no-repeat; mask: var(--drawing) center / contain no-repeat; }
${rules.join("\n")}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  fs.mkdirSync(path.dirname(iconsFile), { recursive: true });
  fs.writeFileSync(iconsFile, icons());
}
