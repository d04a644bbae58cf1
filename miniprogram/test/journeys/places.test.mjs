// Where it is: a liaison and a resident put their report on the map, or say where the phone is when there is no network; who works on it sees
// that, and nobody else. A refused permission costs nothing but the place.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { base, browser, shots, start } from "./phone.mjs";
import { look } from "./look.mjs";

let chrome;
before(async () => (chrome = await browser()));
after(() => chrome?.close());

const phoneOf = (who, more = {}) => start(chrome, { base, who, shots, ...more });
const caseOf = async (phone, title) => (await phone.api("/api/v1/cases?limit=100&all=true")).items.find((c) => c.title === title)?.id;
const dialog = (phone) => phone.page.locator(".mp-over").last();

test("a liaison reports with a place from the map, in at most five taps besides photos; the centre opens it, who is outside the case does not", async () => {
  const liaison = await phoneOf("p-liaison-1-1");
  const title = "望舒里南门路面塌陷";
  liaison.taps = 0;
  await liaison.press("上报难事");
  await liaison.sees("住房保障");
  await liaison.fill("是什么事", title);
  await liaison.fill("详细情况", "路面塌了一块，昨晚有人摔倒。");
  await liaison.press("在地图上选");
  await liaison.sees("标出所反映的事在哪里"); // why, as app.json says it
  await liaison.answer("允许");
  await dialog(liaison).locator(".mp-places").waitFor();
  await look(liaison, "places-1-map");
  await dialog(liaison).getByText("望舒里", { exact: true }).last().tap();
  await liaison.sees("演示街道望舒路188弄");
  await liaison.answer("确定");
  await liaison.sees("删去位置");
  assert.equal(await liaison.page.locator('.mp-page:not([hidden]) input[aria-label="在哪里"]').inputValue(), "望舒里", "what the map calls it stands in the words, to be changed");
  await look(liaison, "places-2-report");
  await liaison.tap("住房保障");
  await liaison.tap(liaison.page.locator(".mp-page:not([hidden]) [role=radiogroup][aria-label=住房保障] [role=radio]").first());
  await liaison.press("上报", true);
  assert.ok(liaison.taps <= 5, `${liaison.taps} taps`);
  await liaison.sees("要我办");
  const id = await caseOf(liaison, title);
  await liaison.close();

  const centre = await phoneOf("p-centre-1");
  await centre.to(`#pages/case/detail?id=${id}`);
  await centre.sees("上报的位置");
  await look(centre, "places-3-case");
  await centre.press("在地图上看");
  await dialog(centre).locator("svg").waitFor();
  await look(centre, "places-4-shown");
  await centre.answer("关闭");
  for (const path of [`/api/v1/cases/${id}`, `/api/v1/cases/${id}/timeline?changes=true`, "/api/v1/inbox"]) assert.doesNotMatch(JSON.stringify(await centre.api(path)), /30\.9221|望舒路188弄/, path);
  await centre.close();
  for (const who of ["p-head-zhifa", "p-coordinator-1", "p-resident-1"]) {
    const other = await phoneOf(who);
    assert.equal((await other.api(`/api/v1/cases/${id}/locations`)).code, "not_found", who);
    await other.close();
  }
});

test("refused, the form says how to go on, and what was written stays; allowed later, the place is kept in the draft and taken away again", async () => {
  const liaison = await phoneOf("p-liaison-1-1");
  await liaison.press("上报难事");
  await liaison.fill("是什么事", "望舒里北门围墙开裂");
  await liaison.press("用当前位置");
  await liaison.answer("拒绝");
  await liaison.sees("选好村居就可以提交");
  await look(liaison, "places-5-refused");
  await liaison.press("在地图上选"); // it is not asked again
  await liaison.sees("没有允许小程序使用位置");
  await liaison.press("打开位置权限");
  await liaison.answer("允许");
  await liaison.gone("没有允许小程序使用位置");
  await liaison.press("在地图上选");
  await dialog(liaison).locator("svg").tap({ position: { x: 40, y: 40 } });
  await liaison.sees("地图上的一点");
  await liaison.answer("确定");
  await liaison.sees("地图上选的位置");
  await liaison.press("在地图上看");
  await liaison.answer("关闭");
  await liaison.page.reload(); // the program is killed
  await liaison.press("上报难事");
  await liaison.sees("地图上选的位置");
  await liaison.press("删去位置");
  await liaison.button("用当前位置");
  await liaison.press("在地图上选");
  await liaison.answer("取消"); // given up: nothing is said
  assert.equal(await liaison.page.locator(".mp-page:not([hidden]) [role=alert] >> visible=true").count(), 0);
  await liaison.close();
});

test("without a network a liaison says where the phone is: it waits with the report, is sent once, and has how exact it is", async () => {
  const liaison = await phoneOf("p-liaison-1-1");
  const title = "望舒里东侧窨井盖缺失";
  await liaison.press("上报难事");
  await liaison.sees("住房保障");
  await liaison.page.waitForTimeout(300);
  await liaison.cut(true);
  await liaison.fill("是什么事", title);
  await liaison.fill("在哪里", "望舒里东侧人行道");
  await liaison.fill("详细情况", "窨井盖不见了，夜里看不见。");
  await liaison.press("用当前位置");
  await liaison.answer("允许");
  await liaison.sees("误差约 20 米");
  assert.equal(await liaison.page.locator('.mp-page:not([hidden]) input[aria-label="在哪里"]').inputValue(), "望舒里东侧人行道", "what was written is not written over");
  await look(liaison, "places-6-here");
  await liaison.press("上报", true);
  await liaison.sees("1 条记录已存在手机里", 20_000);
  await liaison.page.reload(); // the program is killed
  await liaison.sees("1 条记录已存在手机里", 20_000);
  await liaison.cut(false);
  await liaison.page.reload();
  await liaison.gone("已存在手机里");
  const { items } = await liaison.api(`/api/v1/cases/${await caseOf(liaison, title)}/locations`);
  assert.equal(items.length, 1);
  assert.equal(items[0].location.accuracy, 20);
  await liaison.close();
});

for (const elder of [false, true]) {
  const mode = elder ? "elder-" : "";
  const more = elder ? { font: 24 } : {};
  test(`a resident's place ${elder ? "in 长辈版 " : ""}is theirs to see, and of who works on the matter once they say that they want to`, async () => {
    const resident = await phoneOf("p-resident-1", more);
    await resident.press("反映一件事");
    await resident.sees("用您绑定的手机号");
    await resident.fill("是什么事", `蘅芷新村垃圾房${elder ? "的门坏了关不上" : "三天没有清运，味道很大"}。`);
    await resident.press("在地图上选");
    await resident.answer("允许");
    await dialog(resident).getByText("蘅芷新村", { exact: true }).last().tap();
    await look(resident, `places-7-${mode}map`, { elder });
    await resident.answer("确定");
    await resident.sees("演示街道蘅芷路320弄");
    await look(resident, `places-8-${mode}report`, { elder });
    await resident.press("提交", true);
    await resident.press("看看这件事");
    await resident.sees("演示街道蘅芷路320弄");
    await look(resident, `places-9-${mode}ticket`, { elder });
    const [report] = (await resident.api("/api/v1/me/reports")).items;
    await resident.close();

    const centre = await phoneOf("p-centre-1", more);
    if (report) {
      await centre.to(`#staff/ticket/index?id=${report.id}`);
      await centre.button("看诉求人标的位置");
      await look(centre, `places-13-${mode}waiting`, { elder });
      await centre.press("看诉求人标的位置");
      await centre.answer("确定");
      await centre.sees("演示街道蘅芷路320弄");
      await centre.answer("关闭");
    }
    const { items } = await centre.api("/api/v1/cases?limit=100");
    const c = await centre.api(`/api/v1/cases/${items.find((x) => x.title.includes("蘅芷新村")).id}`);
    if (report) assert.ok((await centre.api(`/api/v1/cases/${c.id}/attach`, { version: c.version, ticket_id: report.id })).case); // else it has come in by itself
    const placed = (await centre.api(`/api/v1/cases/${c.id}/locations`)).items.filter((l) => l.of === "ticket");
    assert.equal(placed.length, elder ? 2 : 1);
    assert.ok(placed.every((l) => !l.location && l.unmask));
    await centre.to(`#pages/case/detail?id=${c.id}`);
    await centre.sees("诉求人标的位置");
    await look(centre, `places-10-${mode}masked`, { elder });
    await centre.press("看诉求人标的位置");
    await centre.sees("记入审计日志");
    await centre.answer("取消");
    await centre.press("看诉求人标的位置");
    await centre.answer("确定");
    await dialog(centre).locator("svg").waitFor();
    await centre.sees("演示街道蘅芷路320弄");
    await look(centre, `places-11-${mode}unmasked`, { elder });
    await centre.answer("关闭");
    await centre.close();

    const supervisor = await phoneOf("p-supervisor-1", more);
    await supervisor.to(`#pages/case/detail?id=${c.id}`);
    await supervisor.sees("只有正在办理的人可以看");
    assert.equal((await supervisor.api(`/api/v1/tickets/${placed[0].id}/unmask`, { fields: ["location"], reason: "看一看" })).code, "not_found");
    await look(supervisor, `places-12-${mode}unseen`, { elder });
    await supervisor.close();
  });
}
