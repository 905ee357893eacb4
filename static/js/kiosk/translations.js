// What a screen for many people says: see ../translations.js.

import { readTable } from "../translations.js";

export const words = readTable(`
kiosk.talk: Touch to talk | 触摸开始说话
kiosk.type: Touch to type | 触摸开始打字
kiosk.begin: Touch to begin | 触摸开始
kiosk.deaf: This device cannot listen at the moment. Please ask somebody who works here.
  | 此设备目前无法收听语音，请找工作人员帮忙。
kiosk.lacks: The assistant cannot be used on this screen: it asks for something that cannot be given here. Please tell those who run it.
  | 此屏幕无法使用该助手：它要求填写此处无法提供的内容。请告知管理人员。
kiosk.wait: One moment, please | 请稍候
kiosk.away: There is no connection at the moment. It comes back by itself. | 目前没有连接，稍后会自动恢复。
kiosk.chat: Chat | 聊天
kiosk.there: Still there? | 您还在吗？
kiosk.clears: In {seconds} s all is cleared for the next person. | {seconds} 秒后将清除全部内容，供下一位使用。
kiosk.stay: Yes, go on | 是的，继续
kiosk.address: This screen opens no other pages. The address is: | 此屏幕不打开其他页面。地址是：
`);
