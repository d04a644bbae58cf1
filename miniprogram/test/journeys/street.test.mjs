// Journeys from the street: what the centre asks a liaison to look at on the spot, and what the office does on the move.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { base, browser, shots, start } from "./phone.mjs";
import { everywhere, look } from "./look.mjs";

let chrome;
before(async () => (chrome = await browser()));
after(() => chrome?.close());

const phoneOf = (who, more = {}) => start(chrome, { base, who, shots, ...more });
const card = (phone, words) => phone.page.locator(`.mp-page:not([hidden]) [role=link]:has-text("${words}") >> visible=true`).first();

/** give gives a command on the first case of a list, past the pages: what a journey needs to have happened. */
const give = (phone, title, name, body) =>
  phone.page.evaluate(async ([title, name, body]) => {
    const who = new URLSearchParams(location.search).get("who");
    const { access } = JSON.parse(localStorage.getItem(`preview/${who}/session`));
    const headers = { Authorization: `Bearer ${access}`, "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
    const { items } = await (await fetch("/api/v1/cases?limit=100&all=true", { headers })).json();
    const c = items.find((x) => x.title.includes(title));
    if (!c) throw new Error(`${name}: no ${title} among ${items.map((x) => x.title)}`);
    const answer = await fetch(`/api/v1/cases/${c.id}/${name}`, { method: "POST", headers, body: JSON.stringify({ version: c.version, ...body }) });
    if (!answer.ok) throw new Error(`${name}: ${await answer.text()}`);
    return c.id;
  }, [title, name, body]);

const leaky = "蘅芷新村房屋渗漏水";

test("who has two posts looks at one of them: the choice stays on the phone, a change is told there too, and a post that is held no longer is forgotten", async () => {
  const clerk = await phoneOf("p-centre-1");
  const page = clerk.page.locator(".mp-page:not([hidden])");
  const chip = (words) => page.locator("[role=radio]", { hasText: words });
  const titles = () => page.locator("[role=link] .title").allTextContents();
  const listed = async (query) => (await clerk.api(`/api/v1/todos${query}`)).items.map((t) => t.title);
  const { posts } = await clerk.api("/api/v1/todos");
  assert.deepEqual(posts.map((p) => [p.post, p.count > 0]), [["centre", true], ["handler:d-chengyun", true]]);
  await clerk.sees("没有更多了");
  assert.deepEqual(await titles(), await listed(""));
  await everywhere(clerk, "posts-all");
  for (const p of posts) {
    await clerk.tap(chip(`${p.label} ${p.count}`));
    await page.locator(`[role=radio][aria-checked=true]:has-text("✓${p.label}")`).waitFor();
    await clerk.sees("没有更多了");
    assert.deepEqual(await titles(), await listed(`?post=${p.post}`));
    assert.equal((await titles()).length, p.count);
  }
  await look(clerk, "posts-one");
  await clerk.to("#pages/home/index"); // opened anew
  await page.locator('[role=radio][aria-checked=true]:has-text("承办人")').waitFor();
  await clerk.sees("没有更多了");
  const [mine] = await titles();
  await give(clerk, mine, "progress", { text: "已约绿化养护单位到场。", public: false });
  await clerk.sees("有新变化，点一下更新");
  await clerk.press("有新变化");
  await clerk.gone("有新变化");
  await clerk.sees("没有更多了");
  assert.deepEqual(await titles(), [mine]);
  await clerk.tap(chip("全部"));
  await clerk.sees("没有更多了");
  assert.deepEqual(await titles(), await listed(""));

  await clerk.page.evaluate(() => localStorage.setItem("preview/p-centre-1/post/p-centre-1", JSON.stringify("department_head:d-gone")));
  await clerk.to("#pages/home/index");
  await page.locator('[role=radio][aria-checked=true]:has-text("全部")').waitFor();
  await clerk.sees("没有更多了");
  assert.deepEqual(await titles(), await listed(""));
  await clerk.close();

  const elder = await phoneOf("p-handler-guijian-1", { font: 24 });
  await elder.sees("代傅振华：规建办负责人");
  await elder.tap(elder.page.locator(".mp-page:not([hidden]) [role=radio]", { hasText: "代傅振华" }));
  await elder.sees("以这个岗位没有要您办的事");
  await everywhere(elder, "elder-posts", { elder: true });
  await elder.close();
  const one = await phoneOf("p-head-zhifa");
  await one.sees("没有更多了");
  assert.equal(await one.page.locator(".mp-page:not([hidden]) [role=radio]").count(), 0, "who has one post has nothing to choose");
  await one.close();
});

test("who looks is told of a change, and nothing moves until they ask; the badge moves by itself", async () => {
  const head = await phoneOf("p-head-fangguan");
  const handler = await phoneOf("p-handler-fangguan-1");
  const liaison = await phoneOf("p-liaison-1-1");
  const elder = await phoneOf("p-chief-1", { width: 320, font: 24 });
  await elder.tap("在办");
  await liaison.tap("在办");
  await liaison.sees(leaky);
  await liaison.still();
  const cards = () => liaison.page.locator(".mp-page:not([hidden]) [role=link]").evaluateAll((all) => all.map((e) => [e.textContent, e.getBoundingClientRect().top]));
  const before = await cards();
  await give(head, leaky, "accept", { handler_id: "p-handler-fangguan-1" });
  await liaison.sees("有新变化，点一下更新");
  assert.deepEqual(await cards(), before, "nothing moves under the finger");
  await look(liaison, "street-8-fresh-list");
  await elder.sees("有新变化，点一下更新");
  await look(elder, "elder-320-street-fresh", { elder: true });
  await elder.close();
  await liaison.press("有新变化");
  await liaison.gone("有新变化");
  await card(liaison, "办理中").waitFor();

  await liaison.tap(card(liaison, leaky));
  await liaison.sees("经过");
  await give(handler, leaky, "contact", { reached: true, said: "已电话联系，约定上门。", at: new Date(Date.now() - 1000).toISOString() });
  await liaison.sees("有新变化，点一下更新");
  await look(liaison, "street-9-fresh-case");
  await liaison.press("有新变化");
  await liaison.gone("有新变化");

  await liaison.to("#pages/home/index");
  await liaison.sees("要我办");
  await liaison.page.waitForTimeout(1000);
  const badge = () => liaison.page.locator(".mp-page:not([hidden]) [class*=count]").first().textContent({ timeout: 2000 }).catch(() => "0");
  const unread = Number(await badge());
  await give(handler, leaky, "submit", { result: "屋面防水已翻修。", outcome: "solved", answer: "屋面已重新做防水。", evidence: ["闭水试验记录存档"] });
  for (let i = 0; i < 50 && Number(await badge()) <= unread; i++) await liaison.page.waitForTimeout(200);
  assert.ok(Number(await badge()) > unread, "the badge moved by itself");
  for (const phone of [head, handler, liaison]) await phone.close();
});

test("the centre asks for an on-site record; the liaison takes it, photographs there without a network, and the centre verifies with it", async () => {
  const centre = await phoneOf("p-centre-1");
  await centre.tap(card(centre, leaky));
  await centre.press("更多");
  await centre.press("现场核实");
  await centre.fill("需要现场核实什么", "请到 6 号楼顶层看屋面是否还漏，拍两张照片。");
  await look(centre, "street-1-ask");
  await centre.press("现场核实");
  await centre.sees("任务");
  await centre.sees("待接受");
  await look(centre, "street-2-asked");

  const id = (await centre.api("/api/v1/cases?limit=100")).items.find((x) => x.title.includes(leaky)).id;
  const c = await centre.api(`/api/v1/cases/${id}`);
  const [task] = c.tasks;
  const liaison = await phoneOf(`p-liaison-${c.grid.id.replace("g-", "")}-1`);
  await liaison.sees("待现场核实");
  await look(liaison, "street-3-today");
  liaison.taps = 0;
  await liaison.tap(card(liaison, "待现场核实"));
  await liaison.sees("交给您的任务");
  await look(liaison, "street-4-task");
  await liaison.press("接受任务");
  await liaison.button("完成任务");
  assert.ok(liaison.taps <= 2, `${liaison.taps} taps`);
  await liaison.press("完成任务");
  await liaison.sees("只能现拍");
  await liaison.still();
  await liaison.cut(true);
  await liaison.fill("完成情况", "到顶层看过，屋面干燥，住户说这两天下雨没有再漏。");
  await liaison.photo("现场拍照");
  await liaison.press("用当前位置"); // a point from the map would prove nothing
  await liaison.answer("允许");
  await liaison.sees("误差约 20 米");
  await look(liaison, "street-5-record");
  await liaison.press("完成任务");
  await liaison.sees("已存在手机里", 20_000);
  await look(liaison, "street-6-waiting");
  await liaison.page.waitForTimeout(1500);
  await liaison.cut(false);
  await liaison.to("#pages/home/index");
  await liaison.gone("已存在手机里");
  const done = (await centre.api(`/api/v1/cases/${id}`)).tasks.find((t) => t.id === task.id);
  assert.equal(done.status, "finished");
  assert.ok(Date.parse(done.on_site_at) < Date.parse(done.ended_at), "when it was seen, not when it was sent");
  assert.equal(done.evidence.length, 1);
  await liaison.close();

  await centre.to(`#pages/case/detail?id=${id}`);
  await centre.sees("到场拍照");
  await centre.sees("现场核实的位置");
  await look(centre, "street-7-record-read");
  await centre.press("核查通过");
  await centre.fill("核查意见", "现场核实已不漏，回访属实。");
  await centre.tap("实际解决");
  await centre.press("核查通过");
  await centre.sees("已办结");
  await centre.close();
});

test("a dozen reports wait without a network; the program is killed again and again while it sends to a server whose answers get lost: each arrives once", async () => {
  const liaison = await phoneOf("p-liaison-1-1");
  await liaison.press("上报难事");
  await liaison.sees("住房保障");
  await liaison.still();
  await liaison.cut(true);
  await liaison.fill("是什么事", "连发 00 号");
  await liaison.fill("在哪里", "望舒里");
  await liaison.fill("详细情况", "断网时上报，照片随后。");
  await liaison.photo("添加照片");
  await liaison.press("上报", true);
  await liaison.sees("1 条记录已存在手机里", 20_000);
  // Eleven more as the form would have left them.
  await liaison.page.evaluate(() => {
    const at = Object.keys(localStorage).find((k) => k.includes("/queue/"));
    const first = JSON.parse(localStorage.getItem(at));
    for (let i = 1; i < 12; i++) {
      const id = crypto.randomUUID();
      const title = `连发 ${String(i).padStart(2, "0")} 号`;
      localStorage.setItem(at.replace(/queue\/.*/, `queue/${String(100 + i).padStart(9, "0")}-${id}`), JSON.stringify({ ...first, id, photos: [], title, body: { ...first.body, title } }));
    }
  });
  await liaison.cut(false);
  let lost = 0;
  await liaison.page.route(/\/api\/v1\/(cases|uploads)/, async (r) => {
    if (r.request().method() === "GET") return r.continue();
    const answer = await r.fetch().catch(() => undefined);
    if (lost++ % 3 === 0 || !answer) return r.abort("connectionreset").catch(() => undefined); // done there, and nobody heard
    await r.fulfill({ response: answer }).catch(() => undefined);
  });
  for (const after of [150, 400, 90, 700, 250, 550]) {
    await liaison.page.reload(); // the program is killed
    await liaison.page.waitForTimeout(after);
  }
  for (let i = 0; i < 20; i++) {
    await liaison.page.reload();
    if (await liaison.gone("已存在手机里").then(() => true, () => false)) break;
  }
  assert.ok(lost > 12, `${lost} requests: some came again`);
  await liaison.page.unrouteAll({ behavior: "ignoreErrors" });
  await liaison.page.waitForTimeout(1000);
  const titles = (await liaison.api("/api/v1/cases/reported?limit=100")).items.map((c) => c.title).filter((t) => t.startsWith("连发")).sort();
  assert.deepEqual(titles, Array.from({ length: 12 }, (_, i) => `连发 ${String(i).padStart(2, "0")} 号`));
  const left = await liaison.page.evaluate(() => Object.keys(localStorage).filter((k) => k.includes("/queue/")));
  assert.deepEqual(left, []);
  await liaison.close();
});

test("the centre calls back after a 不满意 and lets it stand; a coordinator may do on their case what it may, and never verify; they see what looks the same before they report", async () => {
  const resident = await phoneOf("p-resident-1");
  await resident.tap(leaky);
  await resident.press("不满意");
  await resident.fill("您想说的话（选填）", "又有一点潮。");
  await resident.press("评价");
  await resident.sees("谢谢您的评价");
  await resident.sees("不满意：又有一点潮");
  await resident.sees("打电话向您核实");
  await look(resident, "street-10-rated");
  await resident.close();
  const centre = await phoneOf("p-centre-1");
  await centre.tap(card(centre, "待回访"));
  await centre.button("确认不满意");
  await look(centre, "street-10-call-back");
  const above = (a, b) => centre.page.evaluate(([a, b]) => [a, b].map((t) => [...document.querySelectorAll(".mp-page:not([hidden]) .label")].find((e) => e.textContent === t).getBoundingClientRect().top).reduce((x, y) => x < y), [a, b]);
  assert.ok(await above("评价", "为什么是难事"), "what was said stands above why the case is hard");
  await centre.press("打电话");
  await centre.answer("回访");
  await centre.sees("拨打电话");
  await centre.answer("知道了");
  await look(centre, "street-11-called");
  await centre.press("维持办结");
  await centre.fill("回访记录", "电话回访：是空调冷凝水，与屋面无关，诉求人认可。");
  await centre.press("维持办结");
  await centre.gone("待回访");
  await centre.to("#pages/home/index");
  await centre.tap(card(centre, "连发 01 号"));
  await centre.press("纳入项目库");
  await centre.press("纳入项目库");
  await centre.sees("待交办");
  await give(centre, "连发 01 号", "assign", { coordinator_id: "p-coordinator-1" });
  const coordinator = (await centre.api("/api/v1/cases?limit=100")).items.find((c) => c.title === "连发 01 号");
  const who = (await centre.api(`/api/v1/cases/${coordinator.id}`)).coordinator.id;
  await centre.close();

  for (const [name, rest] of [["", {}], ["elder-", { width: 320, font: 24 }]]) {
    const phone = await phoneOf(who, rest);
    await phone.tap("在办");
    await phone.tap(card(phone, "连发 01 号"));
    await phone.sees("经过");
    await look(phone, `${name}street-13-coordinator`, { elder: Boolean(name) });
    const { allowed } = await phone.api(`/api/v1/cases/${coordinator.id}`);
    assert.ok(allowed.some((a) => a.name === "classify") && !allowed.some((a) => a.name.startsWith("verify")));
    if (name) await phone.to("#staff/report/index"), await phone.fill("是什么事", "连发 02 号"), await phone.sees("可能是同一件事"), await look(phone, "elder-street-14-similar", { elder: true });
    await phone.close();
  }
});

test("a head claims from the board and asks for help; another department helps and declines; what fails verification goes back; another head returns what is not theirs", async () => {
  const centre = await phoneOf("p-centre-1");
  const ready = async (title) => {
    await give(centre, title, "register", {});
    return give(centre, title, "classify", { domain: "livelihood", topic: "住房保障/房屋维修", scope: "individual", reach: "single", grid_id: "g-1" });
  };
  const id = await ready("连发 03 号");
  const read = (phone = centre) => phone.api(`/api/v1/cases/${id}`);

  const head = await phoneOf("p-head-fangguan");
  await head.tap("可认领");
  await head.tap(card(head, "连发 03 号"));
  await head.press("认领");
  await look(head, "street-20-claim");
  await head.press("认领");
  await head.sees("办理中");
  assert.equal((await read()).lead_department.name, "房管所");
  const ask = async (task) => {
    await head.press("更多");
    await head.press("请求协办");
    await head.choose("请哪个部门协办", "综合行政执法队");
    await head.fill("要做什么", task);
    await look(head, "street-21-ask");
    await head.press("请求协办");
    await head.sees(task);
  };
  await ask("到场查看外墙违建");
  await ask("补装路灯");

  const helper = await phoneOf("p-head-zhifa");
  await helper.tap(card(helper, "待协办"));
  await helper.button("接受任务");
  await look(helper, "street-22-support");
  assert.equal((await read(helper)).tasks.length, 2);
  await helper.press("更多");
  await helper.press("说明不能承担（协办：补装路灯");
  await helper.fill("理由", "路灯不在本队职责内。");
  await look(helper, "street-23-decline");
  await helper.press("说明不能承担");
  await helper.gone("说明不能承担（协办");
  await helper.press("接受任务");
  await helper.press("完成任务");
  await helper.fill("完成情况", "已查看并拆除违建。");
  await helper.press("完成任务");
  await helper.sees("；已查看并拆除违建");
  await helper.close();
  assert.deepEqual((await read()).tasks.map((x) => x.status).sort(), ["declined", "finished"]);
  await head.to(`#pages/case/detail?id=${id}`);
  await head.sees("路灯不在本队职责内");
  await look(head, "street-24-helped");

  await give(head, "连发 03 号", "submit", { result: "已处理", answer: "已经处理好了。", outcome: "solved", evidence: ["现场记录"] });
  await head.close();
  await centre.to(`#pages/case/detail?id=${id}`);
  await centre.press("核查不通过");
  await centre.fill("核查意见", "现场还有一处没有处理。");
  await centre.press("核查不通过");
  await centre.sees("办理中");
  await look(centre, "street-25-failed");

  await ready("连发 04 号");
  const departments = (await centre.api("/api/v1/organisation")).departments;
  const other = await give(centre, "连发 04 号", "dispatch", { lead_department_id: departments.find((d) => d.name === "综合行政执法队").id });
  const returner = await phoneOf("p-head-zhifa");
  await returner.to(`#pages/case/detail?id=${other}`);
  await returner.press("退单");
  await returner.fill("为什么不是本部门的事", "房屋漏水由房管所负责。");
  await returner.fill("依据的权责事项", "房屋维修管理");
  await returner.choose("建议由哪个部门办", "房管所");
  await look(returner, "street-26-return");
  await returner.press("退单");
  await returner.still();
  await returner.close();
  const back = await centre.api(`/api/v1/cases/${other}`);
  assert.equal(back.status, "registered");
  await centre.to(`#pages/case/detail?id=${other}`);
  await centre.sees("房屋漏水由房管所负责");
  await look(centre, "street-27-returned");
  await centre.close();
});
