// What residents and companies do: report a new matter, add facts to one's own. Against the real server, in headless Chromium.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, start } from "./phone.mjs";
import { look } from "./look.mjs";

const { BASE: base, SHOTS: shots } = process.env;
let chrome;
before(async () => (chrome = await browser()));
after(() => chrome?.close());

const phoneOf = (who, more = {}) => start(chrome, { base, who, shots, ...more });
const first = (phone) => phone.page.locator(".mp-page:not([hidden]) [role=link] >> visible=true").first();

test("a resident reports a new matter: kept as a draft, without a network sent once, found again with its order number", async () => {
  const resident = await phoneOf("p-resident-1");
  await resident.press("反映一件事");
  await resident.sees("用您绑定的手机号");
  await look(resident, "residents-1-report");
  await resident.fill("是什么事", "坏了");
  await resident.press("提交", true);
  await resident.sees("至少 5 个字");
  await look(resident, "residents-2-short");
  await resident.fill("是什么事", "楼道的灯坏了一个星期，晚上老人看不见台阶。");
  await resident.page.reload(); // the program is killed
  await resident.press("反映一件事");
  await resident.sees("已恢复上次没有提交的内容");
  await resident.choose("在哪个村居", "望舒");
  await resident.photo("添加照片");
  await resident.cut(true);
  await resident.press("提交", true);
  await resident.sees("1 条记录已存在手机里", 20_000);
  await resident.cut(false);
  await resident.page.reload();
  await resident.sees("楼道的灯坏了一个星期");
  await resident.gone("已存在手机里");
  const { items } = await resident.api("/api/v1/me/reports");
  assert.equal(items.filter((r) => r.title.includes("楼道的灯坏了")).length, 1);
  await look(resident, "residents-3-own");
  await resident.tap(resident.page.locator("[role=link]:has-text('楼道的灯坏了一个星期') >> visible=true").first());
  await resident.sees(items[0].order_no);
  await resident.sees("反映时的照片");
  await look(resident, "residents-4-ticket");
  await resident.press("补充情况");
  await resident.fill("要补充什么", "昨天晚上有一位老人摔了一跤。");
  await look(resident, "residents-5-facts");
  await resident.press("提交", true);
  await resident.sees("昨天晚上有一位老人摔了一跤");
  await resident.close();
});

test("sent at once, it says what happens next", async () => {
  const contact = await phoneOf("p-enterprise-1");
  await contact.to("#resident/enterprise/index");
  await contact.fill("统一社会信用代码", "91310120ma1hk0001b");
  await contact.fill("企业名称", "上海望舒餐饮有限公司");
  await contact.press("绑定企业");
  await contact.sees("已绑定企业");
  await contact.to("#resident/report/index");
  await contact.tap("上海望舒餐饮有限公司");
  await contact.fill("是什么事", "店门口的污水井盖破了，下雨天往外冒水，客人进不来。");
  await contact.fill("在哪里（选填）", "望舒路 18 号");
  await look(contact, "residents-6-enterprise");
  await contact.press("提交", true);
  await contact.sees("工单号");
  await contact.sees("城运中心会看");
  await look(contact, "residents-7-taken");
  await contact.press("看看这件事");
  await contact.sees("店门口的污水井盖破了");
  await contact.close();
});

test("a requester adds facts to their matter: who works on it reads them, nobody else does", async () => {
  const resident = await phoneOf("p-resident-1");
  await resident.tap(resident.page.locator("[role=link]:has-text('已列入'), [role=link]:has-text('正在')").last());
  await resident.sees("办理进度");
  await look(resident, "residents-8-matter");
  await resident.press("补充情况");
  await resident.fill("要补充什么", "昨晚又漏了，天花板湿了一大片。");
  await resident.press("提交", true);
  await resident.sees("您补充的情况：昨晚又漏了");
  await look(resident, "residents-9-added");
  const title = (await resident.page.locator(".mp-page:not([hidden]) .title").first().textContent()).trim();
  await resident.close();

  const centre = await phoneOf("p-centre-1");
  await centre.tap("在办");
  await centre.tap(centre.page.locator(`text=${title} >> visible=true`).first());
  await centre.sees("诉求人补充的情况");
  await centre.sees("昨晚又漏了");
  await look(centre, "residents-10-staff");
  await centre.close();
});

for (const [name, rest] of [["320", { width: 320 }], ["430", { width: 430 }], ["elder", { font: 24 }], ["elder-320", { width: 320, font: 24 }]])
  test(`the pages of residents stand at ${name}`, async () => {
    const elder = name.startsWith("elder");
    const resident = await phoneOf("p-resident-1", rest);
    await look(resident, `${name}-residents-own`, { elder });
    await resident.tap(first(resident));
    await resident.sees("接下来");
    await resident.page.waitForTimeout(400);
    await look(resident, `${name}-residents-ticket`, { elder });
    await resident.press("补充情况");
    await resident.sees("要补充什么");
    await look(resident, `${name}-residents-facts`, { elder });
    await resident.to("#resident/report/index");
    await resident.sees("用您绑定的手机号");
    await look(resident, `${name}-residents-report`, { elder });
    await resident.to("#resident/reports/index");
    await resident.sees("没有更多了");
    await look(resident, `${name}-residents-reports`, { elder });
    await resident.to("#pages/home/index");
    await resident.tap(resident.page.locator("[role=link]:has-text('已列入'), [role=link]:has-text('正在')").last());
    await resident.sees("办理进度");
    await resident.page.waitForTimeout(400);
    await look(resident, `${name}-residents-matter`, { elder });
    await resident.close();
  });
