// The program: what waits to be sent goes out when it opens and when the network comes back; changes are told while it is looked at.

import { live, me, send, session } from "./services";

App({
  onLaunch() {
    wx.onNetworkStatusChange((n) => n.isConnected && send());
    const update = wx.getUpdateManager();
    update.onUpdateReady(() => update.applyUpdate());
  },
  onShow() {
    send();
    if (session.kept && me()) live.start();
  },
  onHide() {
    live.stop();
  },
});
