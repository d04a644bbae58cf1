// Measures what somebody feels who holds a slow phone on a slow link: the preview on a processor slowed down 4 times and a link of 400 ms
// there and back and 1.6 Mbit/s, the program itself already on the phone. Nothing fails for being slow: the table says whether the target
// was met.  make bench, or BENCH=Phone make bench for this alone.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { build } from "../preview/build.mjs";
import { browser, start } from "../test/journeys/phone.mjs";
import { built, serve } from "./server.mjs";

const target = 1500; // ms
const times = 5;
const kinds = { js: "text/javascript", css: "text/css", html: "text/html" };
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "miniprogram-bench-"));
const middle = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
function row(name, all, requests) {
  const ms = middle(all);
  console.log(`  ${name.padEnd(36)} ${String(Math.round(ms)).padStart(5)} ms   target ${target}   ${ms < target ? "ok" : "NOT OK"}   requests ${requests}   each ${all.map(Math.round).join(" ")}`);
}

/** slow puts a phone on the slow link with the slow processor; the files of the program come from the phone. */
async function slow(phone, preview) {
  await phone.page.route(/\/m\/app\.(js|css|html)/, (r) => {
    const name = new URL(r.request().url()).pathname.slice("/m/".length);
    return r.fulfill({ path: path.join(preview, name), contentType: `${kinds[name.split(".").pop()]}; charset=utf-8` });
  });
  const devtools = await phone.context.newCDPSession(phone.page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", { offline: false, latency: 400, downloadThroughput: 1.6e6 / 8, uploadThroughput: 1.6e6 / 8 });
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  // In the page: when something that a selector and words name is painted, counted from the start of the page.
  await phone.page.addInitScript(() => {
    globalThis.__painted = (selector, words) =>
      new Promise((done) => {
        const look = () => ([...document.querySelectorAll(selector)].some((e) => e.offsetWidth && e.textContent.includes(words)) ? requestAnimationFrame(() => setTimeout(() => done(performance.now()))) : requestAnimationFrame(look));
        look();
      });
  });
}

/** firstList opens the program anew, as on the morning after: signed in, no list kept. */
async function firstList(phone, name, forget) {
  const all = [];
  let requests = 0;
  for (let i = 0; i < times; i++) {
    await phone.page.evaluate((forget) => {
      for (const k of Object.keys(localStorage)) if (/^preview\/[^/]*\/cache\//.test(k)) localStorage.removeItem(k);
      for (const k of Object.keys(localStorage))
        if (forget && k.endsWith("/session")) {
          const kept = JSON.parse(localStorage.getItem(k));
          localStorage.setItem(k, JSON.stringify({ ...kept, access: kept.access.replace(/.{6}$/, "AAAAAA"), until: "2020-01-01T00:00:00Z" }));
        }
    }, forget);
    await phone.page.reload({ waitUntil: "commit" });
    const list = await phone.page.evaluate(async () => {
      const at = await globalThis.__painted(".mp-page:not([hidden]) [role=link]", "");
      return { at, requests: performance.getEntriesByType("resource").filter((r) => r.name.includes("/api/") && r.responseEnd <= at).length };
    });
    all.push(list.at);
    requests = Math.max(requests, list.requests);
    await phone.page.waitForTimeout(2500);
  }
  row(name, all, requests);
}

/** accept opens a notice and accepts its case, on a street where nobody has yet, and gives how long that took without the person's own part. */
async function accept(chrome, base, preview) {
  const phone = await start(chrome, { base, who: "p-head-fangguan" });
  const { items } = await phone.api("/api/v1/todos");
  const { number } = items.find((i) => i.kind === "accept");
  await slow(phone, preview);
  await phone.to("#pages/inbox/index");
  const notice = phone.page.locator(`.mp-page:not([hidden]) [role=link]:has-text('${number}')`).first();
  await notice.waitFor();
  await phone.page.waitForTimeout(3000);
  const asked = [];
  phone.page.on("request", (r) => /\/api\//.test(r.url()) && asked.push(r.url()));
  const took = phone.page.evaluate(async () => {
    const touch = () => new Promise((touched) => addEventListener("touchend", () => touched(performance.now()), { once: true, capture: true }));
    const opened = await touch();
    const shown = await globalThis.__painted(".mp-page:not([hidden]) wx-button", "接单，由");
    const tapped = await touch();
    const accepted = await globalThis.__painted(".mp-page:not([hidden]) .badge", "办理中");
    return { shown: shown - opened, whole: shown - opened + accepted - tapped }; // what the person takes to see the button and to tap it is not the program's
  });
  await notice.tap();
  const button = phone.page.locator("wx-button:has-text('接单，由'):not([disabled]) >> visible=true").first();
  await button.waitFor();
  await phone.page.waitForTimeout(1000);
  await button.tap();
  const { whole, shown } = await took;
  await phone.close();
  return { whole, shown, requests: asked.length };
}

try {
  const preview = path.join(folder, "preview");
  await build(preview);
  const program = built(folder);
  const chrome = await browser();
  try {
    console.log("Phone: processor 4 times slower, 400 ms there and back, 1.6 Mbit/s, the program on the phone");
    const { base, end } = await serve(program, preview, path.join(folder, "lists"));
    for (const [who, name] of [["p-centre-1", "a member of staff's list"], ["p-resident-1", "a resident's list"]]) {
      const phone = await start(chrome, { base, who });
      await slow(phone, preview);
      await firstList(phone, `${name}, first painted`, false);
      if (who === "p-centre-1") await firstList(phone, "the same, the access token run out", true);
      await phone.close();
    }
    end();
    const all = [];
    for (let i = 0; i < times; i++) {
      const { base, end } = await serve(program, preview, path.join(folder, `accept-${i}`));
      try {
        all.push(await accept(chrome, base, preview));
      } finally {
        end();
      }
    }
    row("notice opened, case shown", all.map((a) => a.shown), 1);
    row("notice opened, case accepted", all.map((a) => a.whole), Math.max(...all.map((a) => a.requests)));
  } finally {
    await chrome.close();
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
