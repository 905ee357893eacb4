"""How the fake Dify runs chatflows since 1.13: in a worker, told to who listens; and the routes of a run and its forms.

A run goes on whether or not anybody listens, as in Dify: who subscribes gets what is published from then on. Times are
those of a real Dify 1.14.2, divided by a hundred.
"""

import asyncio
import json
import time
import uuid
from contextlib import suppress

from aiohttp import web

PING_SECONDS = 0.1
CLOSING_SECONDS = 0.01
HELD_SECONDS = 3.0
_CLOSING_EVENTS = {"workflow_finished", "workflow_paused"}
_OF_A_RUN = ("workflow_", "node_", "human_input_", "iteration_", "loop_", "agent_log")
FORM = {
    "form_content": "Please approve.\n\n{{#$output.comment#}}",
    "inputs": [
        {
            "output_variable_name": "comment",
            "type": "paragraph",
            "default": {"type": "constant", "selector": [], "value": "fine"},
        }
    ],
    "actions": [
        {"id": "approve", "title": "Approve", "button_style": "primary"},
        {"id": "reject", "title": "Reject", "button_style": "default"},
    ],
}


class RefusedError(Exception):
    """The worker refuses a question, in Dify's words."""


class Run:
    """One run of a chatflow; a program, an `async def program(run)`, is what it does."""

    def __init__(self, flows, question):
        self.id, self.task_id, self.message_id = (str(uuid.uuid4()) for _ in range(3))
        self.conversation_id = question.get("conversation_id") or str(uuid.uuid4())
        self.user, self.query = question["user"], question["query"]
        self.created_at = int(time.time())
        self.answer = ""
        self.saved = ""  # of the answer, as long as it is written: up to its last pause
        self.status, self.error = "running", None
        self.is_over = False  # nothing more will be published
        self.published = []
        self._flows = flows
        self._subscribers = set()

    def subscribe(self):
        queue = asyncio.Queue()
        self._subscribers.add(queue)
        return queue

    def unsubscribe(self, queue):
        self._subscribers.discard(queue)

    def publish(self, kind, **fields):
        ids = {"conversation_id": self.conversation_id, "message_id": self.message_id, "task_id": self.task_id}
        ids |= {"workflow_run_id": self.id} if kind.startswith(_OF_A_RUN) else {}
        self.publish_raw({"event": kind, **ids, "created_at": self.created_at, **fields})

    def publish_raw(self, event):
        self.published.append(event)
        for queue in self._subscribers:
            queue.put_nowait(event)

    # What programs do.

    def start(self, reason="initial"):
        self.publish("workflow_started", data={"id": self.id, "inputs": {}, "reason": reason})

    async def say(self, *words, pause=0.0):
        for word in words:
            self.answer += word
            self.publish("message", answer=word, from_variable_selector=["llm", "text"])
            await asyncio.sleep(pause)

    def sum_up(self, tokens=3):
        self.publish("message_end", metadata={"usage": {"total_tokens": tokens}, "retriever_resources": []}, files=[])

    def finish(self, status="succeeded", error=None):
        self.status, self.error = status, error
        data = {"id": self.id, "status": status, "outputs": {"answer": self.answer}, "error": error}
        self.publish("workflow_finished", data=data)

    async def ask_human(self, *, token=None, expires_in=3600.0, hides=(), **form):
        """Pause for a form, and leave the worker to others. Returns (action, inputs) when it has been submitted.

        `form` replaces fields of FORM, and what it `hides` only its route tells; with None for a `token` the form goes
        out by e-mail, as it were.
        """
        pending = Form(self, form, token, expires_in, hides)
        self._flows.forms[token or pending.id] = pending
        self.publish("human_input_required", data=pending.as_event())
        self.status, self.saved = "paused", self.answer
        reasons = [{"TYPE": "human_input_required", **pending.as_event()}]
        self.publish("workflow_paused", data={"workflow_run_id": self.id, "reasons": reasons, "status": "paused"})
        self._flows.worker.release()
        try:
            action, inputs = await asyncio.shield(pending.submitted)
        finally:
            await self._flows.worker.acquire()
        self.status = "running"
        self.start("resumption")
        self.publish("human_input_form_filled", data={"node_id": "ask_human", "action_id": action})
        return action, inputs

    def as_message(self):
        """As GET /v1/messages tells it."""
        return {
            "id": self.message_id,
            "conversation_id": self.conversation_id,
            "query": self.query,
            "inputs": {},
            "answer": "" if self.status == "running" else self.answer,
            "message_files": [],
            "feedback": None,
            "retriever_resources": [],
            "agent_thoughts": [],
            "created_at": self.created_at,
            "status": "normal" if self.status in {"running", "succeeded"} else self.status,
            "error": None,
        }


class Form:
    def __init__(self, run, changes, token, expires_in, hides):
        self.id = str(uuid.uuid4())
        self.run = run
        self.token = token
        self.hides = hides
        self.definition = FORM | changes
        self.expires_at = int(time.time() + expires_in)
        self.submitted = asyncio.get_running_loop().create_future()

    def as_event(self):
        known = {"form_id": self.id, "node_id": "ask_human", "form_token": self.token, "resolved_default_values": {}}
        known |= self.definition | {"expiration_time": self.expires_at}
        return known | dict.fromkeys(self.hides)

    def as_reply(self):
        return {
            "form_content": self.definition["form_content"],
            "inputs": self.definition["inputs"],
            "resolved_default_values": {},
            "user_actions": self.definition["actions"],
            "expiration_time": self.expires_at,
        }


class FakeWorkflows:
    """`worker` is Dify's celery: one chatflow at a time, as it is shipped."""

    def __init__(self, stop_of):
        self.worker = asyncio.Semaphore(1)
        self.runs = []
        self.forms = {}
        self.messages = []  # stored by apps without a workflow: (user, message)
        self.asked_for_messages = 0
        self.tells_events = True
        self.submissions = []
        self.lost_replies = []  # to the next submissions, which arrive: a proxy's status, or None where it hangs up
        self.events_asked = []  # the query of each request for a run's events
        self.events_cut = asyncio.Event()  # tears down the next connection that tells the events of a run
        self.may_tell_events = asyncio.Event()
        self.may_tell_events.set()
        self.released = asyncio.Event()  # ends what would be held open
        self._stop_of = stop_of
        self._tasks = set()

    def add_to(self, router):
        router.add_get("/v1/workflow/{run_id}/events", self._events)
        router.add_get("/v1/form/human_input/{token}", self._form)
        router.add_post("/v1/form/human_input/{token}", self._submit)
        router.add_get("/v1/messages", self._messages)

    async def close(self):
        self.released.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def store(self, ids, user, answer, **fields):
        """The message of an app without a workflow."""
        message = {"id": ids["message_id"], "conversation_id": ids["conversation_id"], "answer": answer}
        known = {"status": "normal", "error": None, "message_files": [], "retriever_resources": []}
        self.messages.append((user, message | known | fields))

    async def run(self, question, program, response):
        """Run the program in the worker, and stream it to the response, which has been prepared."""
        run = Run(self, question)
        queue = run.subscribe()
        self.runs.append(run)
        task = asyncio.create_task(self._work(run, program))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await self._stream(run, queue, response)

    async def _work(self, run, program):
        async with self.worker:
            working = asyncio.ensure_future(program(run))
            stopping = asyncio.ensure_future(self._stop_of(run.task_id).wait())
            try:
                await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not working.done() and run.status == "paused":  # heeded when the form is submitted
                    await asyncio.wait({working, *self._resumed(run)}, return_when=asyncio.FIRST_COMPLETED)
                self._end(run, working)
            finally:
                for task in (working, stopping):
                    task.cancel()
                await asyncio.gather(working, stopping, return_exceptions=True)

    def _resumed(self, run):
        return [form.submitted for form in self.forms.values() if form.run is run]

    def _end(self, run, working):
        if not working.done():
            run.finish("failed", "Aborted: User requested stop")
        elif isinstance(working.exception(), RefusedError):
            run.publish_raw({"event": "error", "message": str(working.exception()), "status": 500})
        else:
            working.result()
        run.is_over = True

    async def _stream(self, run, queue, response):
        """Until a second after the run's end; if there is none, pings for five minutes."""
        await response.write(b"event: ping\n\n")
        silent_since = time.monotonic()
        try:
            while time.monotonic() - silent_since < HELD_SECONDS and not self.released.is_set():
                try:
                    event = await asyncio.wait_for(queue.get(), PING_SECONDS)
                except TimeoutError:
                    await response.write(b"event: ping\n\n")
                    silent_since = silent_since if run.is_over else time.monotonic()
                    continue
                await response.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
                silent_since = time.monotonic()
                if event["event"] in _CLOSING_EVENTS:
                    await asyncio.sleep(CLOSING_SECONDS)
                    return
        finally:
            run.unsubscribe(queue)

    async def _events(self, request):
        run = next((run for run in self.runs if run.id == request.match_info["run_id"]), None)
        if not self.tells_events or run is None or run.user != request.query["user"]:
            return _error(404, "not_found", "Workflow run not found")
        queue = run.subscribe()
        if request.query.get("include_state_snapshot") == "true":
            _tell_state(run, queue)
        self.events_asked.append(dict(request.query))
        await self.may_tell_events.wait()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        with suppress(ConnectionResetError):
            if run.is_over:
                event = {"event": "workflow_finished", "workflow_run_id": run.id, "task_id": run.id}
                outputs = {"answer": run.answer}
                event["data"] = {"id": run.id, "status": run.status, "outputs": outputs, "error": run.error}
                await response.write(f"data: {json.dumps(event)}\n\n".encode())
            else:
                await self._stream_until_cut(run, queue, response, request)
        return response

    async def _stream_until_cut(self, run, queue, response, request):
        cut = asyncio.ensure_future(self.events_cut.wait())
        streaming = asyncio.ensure_future(self._stream(run, queue, response))
        try:
            await asyncio.wait({cut, streaming}, return_when=asyncio.FIRST_COMPLETED)
            if cut.done():
                self.events_cut.clear()
                request.transport.abort()
        finally:
            for task in (cut, streaming):
                task.cancel()
            for result in await asyncio.gather(cut, streaming, return_exceptions=True):
                if isinstance(result, Exception):
                    raise result

    async def _form(self, request):
        return self._refusal(request) or web.json_response(self.forms[request.match_info["token"]].as_reply())

    async def _submit(self, request):
        reply = await self._take(request)
        if not self.lost_replies:
            return reply
        if (status := self.lost_replies.pop(0)) is None:
            request.transport.abort()
            return reply
        return web.Response(status=status, text="<html>", content_type="text/html")

    async def _take(self, request):
        if refusal := self._refusal(request):
            return refusal
        form, body = self.forms[request.match_info["token"]], await request.json()
        if body["action"] not in {action["id"] for action in form.definition["actions"]}:
            return _error(400, "invalid_form_data", "Invalid action")
        names = [field["output_variable_name"] for field in form.definition["inputs"] or []]
        if missing := [name for name in names if name not in body["inputs"]]:
            return _error(400, "invalid_form_data", f"Missing required inputs: {', '.join(missing)}")
        self.submissions.append(body)
        form.submitted.set_result((body["action"], body["inputs"]))
        return web.json_response({})

    def _refusal(self, request):
        form = self.forms.get(request.match_info["token"])
        if form is None:
            return _error(404, "not_found", "Form not found")
        if form.submitted.done():
            words = f"This form has already been submitted by another user, form_id={form.id}"
            return _error(412, "human_input_form_submitted", words)
        if form.expires_at <= time.time():
            return _error(412, "human_input_form_expired", f"This form has expired, form_id={form.id}")
        return None

    async def _messages(self, request):
        """The newest of the conversation, the oldest first, as Dify tells them."""
        query = request.query
        self.asked_for_messages += 1
        stored = [(run.user, run.as_message()) for run in self.runs] + self.messages
        stored = [(user, it) for user, it in stored if it["conversation_id"] == query["conversation_id"]]
        if not stored or stored[0][0] != query["user"]:
            return _error(404, "not_found", "Conversation Not Exists.")
        limit = int(query.get("limit", 20))
        data = [message for _, message in stored]
        if "first_id" in query:
            data = data[: [message["id"] for message in data].index(query["first_id"])]
        return web.json_response({"limit": limit, "has_more": len(data) > limit, "data": data[-limit:]})


def _tell_state(run, queue):
    """The snapshot, without its nodes: that the run started, what is stored of the answer, and that it is paused."""
    last = {event["event"]: event for event in run.published}
    queue.put_nowait(last["workflow_started"])
    if run.saved:
        queue.put_nowait(last["workflow_started"] | {"event": "message_replace", "answer": run.saved, "reason": ""})
    if run.status == "paused":
        queue.put_nowait(last["human_input_required"])
        queue.put_nowait(last["workflow_paused"])


def _error(status, code, message):
    return web.json_response({"code": code, "message": message, "status": status}, status=status)


# Programs.


def saying(*words, pause=0.0):
    """An ordinary chatflow, in the order of 1.14: `message_end`, then `workflow_finished`."""

    async def program(run):
        run.start()
        await run.say(*words, pause=pause)
        run.sum_up()
        run.finish()

    return program


def saying_until(release, *words):
    """Says the words, one after the other until `release` is set."""

    async def program(run):
        run.start()
        while not release.is_set():
            await run.say(*words, pause=0.02)
        run.sum_up()
        run.finish()

    return program


def asking_human(*words, after=("Approved.",), **form):
    """Says the words, waits for a form, and goes on with other words."""

    async def program(run):
        run.start()
        await run.say(*words)
        await run.ask_human(**form)
        await run.say(*after)
        run.sum_up()
        run.finish()

    return program


def saying_in_parts(before, after, may_go_on):
    """Words, a wait, and other words."""

    async def program(run):
        run.start()
        await run.say(*before)
        await may_go_on.wait()
        await run.say(*after)
        run.sum_up()
        run.finish()

    return program


def refusing(words):
    async def program(run):
        raise RefusedError(words)

    return program


def moderated(words):
    """Input moderation: an answer and its end, and no workflow. The stream is held open."""

    async def program(run):
        await run.say(words)
        run.sum_up(tokens=0)

    return program


def failing(*words, error="Traceback: division by zero"):
    """A node fails: no `message_end`, no `error` event."""

    async def program(run):
        run.start()
        await run.say(*words)
        run.finish("failed", error)

    return program
