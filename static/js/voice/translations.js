// What the voice says of itself: see ../translations.js.

import { readTable } from "../translations.js";

export const words = readTable(`
dictate: Dictate | 语音输入
aloud: Read answers aloud | 朗读回答
listen: Listen | 朗读
listen.stop: Stop reading | 停止朗读
voice.settings: Voice settings | 语音设置
voice.recognition: Listening; your browser writes it down | 正在听，由浏览器转成文字
voice.recorder: Recording; it is written down when you stop | 正在录音，停止后转成文字
voice.writing: Writing down… | 正在转成文字…
voice.nothing: Nothing was heard. | 没有听到声音。
voice.refused: The microphone is blocked. Allow it for this site, beside the address or in its settings, then try again.
  | 麦克风被禁止。请在地址栏旁或网站设置里允许本网站使用麦克风，然后重试。
voice.missing: No microphone was found. Connect one, and try again. | 没有找到麦克风，请连接后重试。
voice.unplugged: The microphone is gone. Connect it, or allow it again, and start anew.
  | 麦克风已断开。请重新连接或允许使用，然后重新开始。
voice.failed: The microphone cannot be started. Check it, and try again. | 无法启动麦克风，请检查后重试。
voice.busy: Another program is using the microphone. Close it, and try again. | 麦克风正被其他程序使用，请关闭后重试。
voice.network: The speech recognition of your browser cannot be reached at the moment.
  | 目前无法连接浏览器的语音识别服务。
voice.service: Speech recognition is switched off in this browser. | 此浏览器已关闭语音识别。
voice.language: This browser cannot write down your language. | 此浏览器无法识别您的语言。
voice.full: Too much is waiting to be written down. | 等待转成文字的录音太多了。
voice.unclear: Nothing was understood. Please say it again. | 没有听清，请再说一遍。
voice.late: It takes too long to write down what you said. | 转成文字花的时间太长。
voice.kept: What you said is kept. | 您说的话已保留。
voice.discard: Discard | 放弃
voice.wordless: This answer cannot be read aloud. It is on the screen. | 这个回答无法朗读，请看屏幕。
voice.choices: {content} You can say: {choices}. | {content} 您可以说：{choices}。
voice.form: The form on the screen has to be filled in first. | 请先填写屏幕上的表单。
voice.files: There is a file: {names}. | 有文件：{names}。
voice.broken: Listening does not work in this browser. | 此浏览器无法使用语音输入。
voice.silence: Nothing was heard for a long time. | 很久没有听到声音。
voice.closed: The question cannot be sent now. | 现在无法发送问题。
voice.unspoken: Not everything could be read aloud. It can be repeated, or read on the screen. | 没有全部读出，可以重听，或看屏幕。
voice.own: Voice | 声音
voice.automatic: Automatic | 自动
voice.dify: Voice of the app | 应用的声音
voice.speed: Speed · {value} × | 语速 · {value} ×
voice.pause: In a call, wait in a pause for up to {value} s | 通话中停顿时最多等待 {value} 秒
voice.pace: Unhurried calls: more time to speak, for elderly people and all who search for words
  | 从容通话：给您更多说话时间，适合长者和需要慢慢想的人
voice.sounds: Short sounds in a call when it listens and thinks | 通话中以短音提示“正在听”和“正在思考”
voice.try: Try it | 试听
voice.sample: This is how answers are read to you. | 回答会这样读给您听。
call: Call | 通话
call.opening: One moment | 请稍候
call.listening: Listening | 正在听
call.thinking: Thinking | 正在思考
call.speaking: Speaking | 正在说
call.hearing: Hearing you | 听到您说话
call.held: Hearing you | 听到您说话
call.paused: Paused | 已暂停
call.lost: No connection | 没有连接
call.muted: Muted | 已静音
call.ended: The call has ended | 通话已结束
call.refused: No microphone | 无法使用麦克风
call.cut: The connection is lost. What you say is kept until it is back. | 连接已断开。您说的话会保留到恢复为止。
call.interrupt: Interrupt | 打断
call.send: Send now | 立即发送
call.idle: Nothing was said for a while. The call ends in half a minute. | 已有一段时间没有说话，通话将在半分钟后结束。
call.idle-end: Nothing was said for some minutes, so the call has ended. | 几分钟没有说话，通话已结束。
call.elsewhere: Another call has begun in this browser, so this one has ended. | 此浏览器中已开始另一个通话，这个通话已结束。
call.latencies: After you spoke: silence {silence} s, transcript {transcript} s, asked {asked} s, first word {first_text} s, first sound {first_audio} s
  | 您说完后：静音 {silence} 秒，转写 {transcript} 秒，提问 {asked} 秒，首字 {first_text} 秒，首声 {first_audio} 秒
call.mute: Mute | 静音
call.unmute: Unmute | 取消静音
call.end: End call | 结束通话
call.anew: Call again | 重新通话
hint.opening: Allow the microphone, if your browser asks. | 如果浏览器询问，请允许使用麦克风。
hint.recognition: Speak. Your browser writes it down. | 请讲，由浏览器转成文字。
hint.recorder: Speak. It is sent when you pause. | 请讲，停顿后发送。
hint.hearing: It is sent when you pause. | 停顿后发送。
hint.held: Go on speaking to interrupt; else it continues. | 继续说就会打断，否则会接着朗读。
hint.paused: Tap Go on, or speak. | 点按“继续”，或开口说话。
hint.lost: What you say is kept until it is back. | 您说的话会保留到恢复为止。
hint.thinking: Go on speaking to add to your question. | 继续讲可以补充问题。
hint.speaking: Speak, or tap Interrupt. | 开口说话，或点按“打断”。
hint.muted: You are not being heard. | 现在听不到您的声音。
hint.muted-amid: You are not being heard. What you said waits until you unmute. | 现在听不到您的声音。您说的话会保留到取消静音。
playback.pause: Pause | 暂停
playback.go-on: Go on | 继续
playback.repeat: Repeat | 重复
`);
