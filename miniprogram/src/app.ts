// The program: what waits to be sent goes out when it opens and when the network comes back; changes are told while it is looked at.

import { live, me, queue, session } from "./services";

const send = () => {
  if (session.kept && me()) void queue.run().catch(() => undefined); // what went wrong stands in the queue
};

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
