// What the page says: a key, its words in English | 简体中文. {names} are filled in. What is loaded later adds its own.

const WORDS = `
welcome: Hello! What would you like to know? | 您好！有什么想了解的吗？
conversation: Conversation | 对话
composer: Ask a question | 提问
question: Your question | 您的问题
placeholder: Ask a question… | 请输入问题…
hint: Enter sends, Shift + Enter starts a new line, Esc stops an answer
  | Enter 发送，Shift + Enter 换行，Esc 停止回答
send: Send | 发送
stop: Stop | 停止
new: New conversation | 新对话
finish: Finish | 结束
language: 中文 | EN
language.name: 切换到简体中文 | EN: Switch to English
language.tag: zh-CN | en
theme.dark: Use dark colours | 使用深色
theme.light: Use light colours | 使用浅色
mock: Mock mode: answers are examples, no Dify app is asked | 模拟模式：回答仅为示例，未连接 Dify 应用
below: To the end | 回到末尾
too-long: That is too long: {count} of {limit} characters. | 内容过长：{count} 个字符，最多 {limit} 个。

state.connecting: Connecting… | 正在连接…
state.open: Connected | 已连接
state.waiting: Reconnecting… | 正在重新连接…
state.offline: Offline | 离线
state.ended: Disconnected | 已断开
ended.4500: This chat was opened in another window. | 此对话已在另一个窗口打开。
ended.other: The service does not take this connection. | 服务未接受此连接。
go-on: Go on here | 在此继续
begun: A new conversation has begun. | 已开始新对话。
undo: Undo | 撤销

you: You | 您
answer: Answer | 回答
waiting.connection: Waiting for the connection | 等待连接
waiting.turn: Waiting for the answer before | 等待上一个回答
take-back: Take back | 撤回
answering: Answering… | 正在回答…
progress.done: Answer: {text} | 回答：{text}
progress.stopped: Answer stopped. {text} | 回答已停止。{text}
progress.paused: A decision is needed. {text} | 需要决定。{text}
progress.incomplete: Answer broken off. {text} | 回答中断。{text}
progress.failed: No answer. {text} | 没有回答。{text}
status.mock: Mock answer | 模拟回答
status.stopped: Stopped | 已停止
status.asked: A person was asked to decide. The answer goes on after that. | 已请人决定，之后会继续回答。
status.incomplete: Broken off | 已中断
stand-in: Sorry, the assistant cannot be reached just now. | 抱歉，暂时无法连接到助手。
made-up: For developers | 供开发人员查看
status.lost: Broken off: the rest could not be found | 已中断：未能找到其余部分
status.empty: An answer without words | 回答没有内容
failed: The answer failed. | 回答失败。
doing.lookup: Looking up: {name}… | 正在查找：{name}…
doing.lookup-any: Looking up… | 正在查找…
doing.step: At work: {name}… | 正在处理：{name}…
seeking: Looking for the rest of the answer… | 正在寻找回答的其余部分…
doing.thought: Thinking… | 正在思考…
first-word: First word after {seconds} s | {seconds} 秒后出现首字
tokens: {count} tokens | {count} 个 token
again: Ask again | 再问一次
copy: Copy | 复制
copied: Copied | 已复制
copy.failed: This browser does not let pages copy. | 此浏览器不允许页面复制。
like: Good answer | 回答得好
dislike: Bad answer | 回答得不好
rated: Thank you. | 谢谢您的反馈。
sources: Sources ({count}) | 来源（{count}）
suggestions: You could ask next | 接下来可以问
openers: You could ask | 您可以问

code.copy: Copy the code | 复制代码
code.name: Code | 代码
table.name: Table | 表格
thought: Thoughts | 思考过程
task.done: Done | 已完成
task.open: To do | 待办
picture.show: Show the picture | 显示图片
picture.failed: The picture cannot be loaded. | 图片无法加载。

attach: Add files | 添加文件
files: Files | 文件
file.remove: Remove {name} | 移除 {name}
file.uploading: Uploading… | 正在上传…
file.wait: Wait a moment: files are being uploaded. | 请稍候：文件正在上传。
file.none: Files cannot be added here. | 此处不能添加文件。
file.kind: {name}: files of this kind are not taken here. | {name}：此处不接受这类文件。
file.size: {name} is too large: at most {limit} MB. | {name} 过大：最多 {limit} MB。
file.count: At most {limit} files with a question. | 每个问题最多 {limit} 个文件。
file.failed: {name} could not be uploaded. {why} | {name} 上传失败。{why}
files.only: What is in this file? | 这个文件里有什么？

form: Your decision | 请您决定
form.open: The answer goes on when you have decided. | 您决定后会继续回答。
form.until: Please decide by {time}. | 请在 {time} 前决定。
form.decided: Decided: {title} | 已决定：{title}
form.waits: Nobody has decided yet. | 还没有人决定。
look: Look again | 再看一次
field.missing: Please fill this in. | 请填写此项。
field.number: Please enter a number. | 请输入数字。
field.json: Please enter a JSON object. | 请输入 JSON 对象。
field.unfit: The assistant does not take this. | 助手不接受此内容。
field.files: At most {limit} files. | 最多 {limit} 个文件。
field.unknown: {name}: this cannot be filled in here. Please tell those who run the assistant.
  | {name}：无法在此填写，请告知管理人员。

inputs: Before you begin | 开始之前
inputs.required: {name} (required) | {name}（必填）
inputs.choose: Choose… | 请选择…

reason.later: The assistant cannot be reached at the moment. Please try again later. | 暂时无法连接到助手，请稍后再试。
reason.busy: The assistant is busy at the moment. Please try again in a minute. | 助手现在很忙，请过一分钟再试。
reason.set_up: The assistant is not set up correctly. Please tell those who run it. | 助手的设置有误，请告知管理人员。
reason.broken_off: The answer broke off. | 回答中断了。
reason.conversation_not_found: This conversation is over. Your next question starts a new one.
  | 此对话已结束。您的下一个问题将开始新的对话。
reason.invalid: The assistant cannot take this question. | 助手无法处理这个问题。
reason.feature_off: This is switched off here. | 此功能未开启。
reason.speech_off: Speech is switched off here. | 此处未开启语音。
reason.invalid_inputs: Something that was filled in is missing or does not fit. | 填写的内容有缺失或不符合要求。
reason.form_submitted: This has been decided already. | 此事已经决定过了。
reason.form_expired: The time to decide is over. | 决定的期限已过。
reason.form_by_email: The form went out by e-mail, and is answered there. | 表单已通过电子邮件发出，请在邮件中填写。
reason.continuation_invalid: This cannot be decided here any more. Please ask again. | 此事已无法在此决定，请重新提问。
reason.internal: Something went wrong. Please try again. | 出错了，请重试。
reason.too_long: The answer became too long. | 回答过长。
reason.restarting: The service is restarting. Please ask again soon. | 服务正在重启，请稍后再问。
reason.too_large: That is too large. | 内容过大。
reason.unsupported_type: Files of this kind are not taken here. | 此处不接受这类文件。
reason.unknown_turn: This answer is no longer known. | 找不到这个回答了。
reason.client_left: The connection was away for too long. | 连接中断的时间过长。
reason.no_connection: There is no connection at the moment. | 目前没有连接。
reason.signed_out: Please sign in to use this chat. | 请先登录，再使用聊天。
reason.no_site: This chat works only within its own site. | 此聊天只能在其所属网站中使用。
reason.token_invalid: Your sign-in is not valid. Please reload the page. | 您的登录无效，请刷新页面。
reason.slower: Too many questions. Please wait {seconds} seconds. | 提问过多，请等待 {seconds} 秒。
reason.daily_budget: Today's share is used up. Please come back tomorrow. | 今日额度已用完，请明天再来。
reason.429: Too many questions at once. Please wait a moment. | 同时提问过多，请稍候。

close: Close | 关闭
call.again: Try again | 重试
assistant: Assistant | 助手
display: Size of the text, and sound | 文字大小与声音
field.keyboard: {name}: this has to be typed. Please ask somebody who works here. | {name}：需要输入文字，请找工作人员帮忙。
field.no-files: {name}: files cannot be added on this screen. | {name}：此屏幕无法添加文件。
discard: Discard | 清除
`;

/** {en, zh}: the words of such a table. */
export function readTable(table) {
  const rows = [...table.matchAll(/^(\S+): (.+?)\s+\| (.+)$/gm)];
  const [en, zh] = [2, 3].map((at) => Object.fromEntries(rows.map((row) => [row[1], row[at]])));
  return { en, zh };
}

export const { en, zh } = readTable(WORDS);
