// Signing in: WeChat says who it is; the first time, the person binds a phone number or uses an invitation. The page is
// also where codes of the mini-program lead: an invitation (i.…), or a sign-in at a console (its scene), to confirm.

import type { ScanPlace, WeChatProgress } from "../../api/contract";
import { messageOf } from "../../api/problem";
import { look } from "../../look";
import { momentOf } from "../../lib/when";
import { anonymous, client, enter, keptOf, now, session, weChatSignIn } from "../../services";
import { texts } from "../../texts";

type Step = "waiting" | "failed" | "binding" | "second_factor" | "consent" | "scan" | "scanned";

Page({
  behaviors: [look],
  data: {
    t: texts.login, retry: texts.common.retry, step: "waiting" as Step, message: "", agreed: false, byInvitation: false, invitation: "", code: "", busy: false,
    place: null as (ScanPlace & { at: string }) | null,
  },
  ticket: "",
  to: "",
  scene: "",
  version: 0,
  looksUp: false,

  onLoad(query: Record<string, string | undefined>) {
    this.to = query.to ? decodeURIComponent(query.to) : "";
    this.scene = query.scene ? decodeURIComponent(query.scene) : "";
    if (this.scene.startsWith("i.")) this.setData({ byInvitation: true, invitation: this.scene });
    void this.begin();
  },

  /** begin asks WeChat; who is bound already is in at once. */
  async begin() {
    this.setData({ step: "waiting", message: "" });
    try {
      if (this.scene && !this.scene.startsWith("i.") && session.kept) return await this.lookAtScan();
      const [progress, notice] = await Promise.all([weChatSignIn(), anonymous.call("get_privacy_notice", {})]);
      this.version = notice.version;
      await this.go(progress);
    } catch (e) {
      this.setData({ step: "failed", message: messageOf(e) });
    }
  },

  /** go goes on with what the server says is needed next. */
  async go(progress: WeChatProgress) {
    const kept = keptOf(progress);
    if (kept) {
      await enter(kept, this.to || undefined);
      if (this.looksUp) await wx.navigateTo({ url: "/resident/look-up/index" }); // what they came for; behind it are their own matters
      return;
    }
    this.ticket = progress.bind_ticket ?? "";
    if (progress.need === "invitation") this.setData({ step: "binding", byInvitation: true, message: texts.login.invitationNeeded, busy: false });
    else this.setData({ step: progress.need ?? "failed", busy: false });
  },

  /** take does one step; what the server says against it stands on the page. */
  async take(step: () => Promise<WeChatProgress>) {
    if (this.data.busy) return;
    this.setData({ busy: true, message: "" });
    try {
      await this.go(await step());
    } catch (e) {
      this.setData({ message: messageOf(e) });
    } finally {
      this.setData({ busy: false });
    }
  },

  agree(e: WechatMiniprogram.CustomEvent<{ value: string[] }>) {
    this.setData({ agreed: e.detail.value.length > 0, message: "" });
  },

  /** mustAgree says no, and why, before the notice has been agreed to. */
  mustAgree(): boolean {
    if (!this.data.agreed) this.setData({ message: texts.login.mustAgree });
    return !this.data.agreed;
  },

  phone(e: WechatMiniprogram.CustomEvent<{ code?: string }>) {
    const code = e.detail.code;
    if (!code) return this.setData({ message: texts.login.noPhone }); // they said no to WeChat's question, or it could not be asked
    if (this.mustAgree()) return;
    this.looksUp = false;
    void this.take(() => anonymous.call("bind_wechat_phone", { body: { bind_ticket: this.ticket, phone_code: code, privacy_version: this.version } }));
  },
  visitor() {
    if (this.mustAgree()) return;
    this.looksUp = true;
    void this.take(() => anonymous.call("bind_wechat_visitor", { body: { bind_ticket: this.ticket, privacy_version: this.version } }));
  },
  accept() {
    void this.take(() => anonymous.call("bind_wechat_consent", { body: { bind_ticket: this.ticket, privacy_version: this.version } }));
  },
  invite() {
    void this.take(() => anonymous.call("bind_wechat_invitation", { body: { bind_ticket: this.ticket, invitation: this.data.invitation.trim() } }));
  },
  confirm() {
    void this.take(() => anonymous.call("bind_wechat_code", { body: { bind_ticket: this.ticket, code: this.data.code.trim() } }));
  },
  showInvitation() {
    this.setData({ byInvitation: true });
  },
  typed(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    this.setData({ [e.currentTarget.dataset.field as "code"]: e.detail.value });
  },
  notice() {
    void wx.navigateTo({ url: "/more/privacy/index" });
  },

  async lookAtScan() {
    const place = await client.call("look_at_scan", { body: { scene: this.scene } });
    this.setData({ step: "scan", place: { ...place, at: momentOf(place.begun_at, now()) } });
  },
  async answer(e: WechatMiniprogram.TouchEvent<object, object, { yes: boolean }>) {
    const yes = e.currentTarget.dataset.yes;
    try {
      await client.call("answer_scan", { body: { scene: this.scene, confirm: yes } });
      this.setData({ step: "scanned", message: yes ? texts.login.scanned : texts.login.refused });
    } catch (e) {
      this.setData({ message: messageOf(e) });
    }
  },
});
