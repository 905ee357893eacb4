// What these parts say of themselves: see ../translations.js.

import { readTable } from "../translations.js";

export const words = readTable(`
edit: Edit the question | 修改问题
editing: The answer above stays, and the assistant remembers it. | 上面的回答会保留，助手也会记得。
more: More | 更多
more.save: Save the conversation | 保存对话
more.copy: Copy the conversation | 复制对话
more.print: Print | 打印
more.shortcuts: Keyboard shortcuts | 键盘快捷键
more.empty: Nothing has been said yet. | 还没有对话内容。
key.enter: Send | 发送
key.line: New line | 换行
key.stop: Stop the answer | 停止回答
key.edit: Edit the last question, in an empty field | 在空输入框中修改上一个问题
key.field: To the field | 转到输入框
key.new: New conversation | 新对话
key.copy: Copy the last answer | 复制最后的回答
key.list: This list | 显示此列表
saved.question: Question | 问题
saved.answer: Answer | 回答
wrong: What was wrong? | 哪里不好？
wrong.incorrect: Not correct | 不正确
wrong.incomplete: Incomplete | 不完整
wrong.unclear: Hard to understand | 难以理解
wrong.asked: Not what I asked | 答非所问
wrong.words: In your own words | 用您自己的话说
wrong.send: Tell them | 提交
wrong.skip: Skip | 跳过
source: Source {number}: {name} | 来源 {number}：{name}
`);
