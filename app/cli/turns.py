"""Turns of the threads of the web server: a few requests compute at a time, in the order in which they came.

The server has more threads than that, for questions that wait for the lane: these step aside and hold no other up. A request that
is not taken in a moment is answered without a turn, so nothing that holds one for long keeps others from their answer.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from waitress.task import ThreadedTaskDispatcher

WAIT_SECONDS = 0.02


class Turns(ThreadedTaskDispatcher):  # type: ignore[misc]
    """The dispatcher of a server with `threads` threads, `count` of which compute at a time.

    A thread that has finished takes the next request itself; another one is woken only where a turn is free.
    """

    def __init__(self, threads: int, count: int) -> None:
        super().__init__()
        self._count = count
        self._having: set[int] = set()  # threads that have a turn
        self._waiting = threading.Event()  # some request waits for a turn
        threading.Thread(target=self._wake_for_late_ones, name="waitress-late", daemon=True).start()
        self.set_thread_count(threads)

    def add_task(self, task: Any) -> None:
        with self.lock:
            task.came = time.monotonic()
            self.queue.append(task)
            if len(self._having) < self._count:
                self.queue_cv.notify()
            else:
                self._waiting.set()

    def handler_thread(self, thread_no: int) -> None:
        me = threading.get_ident()
        while True:
            with self.lock:
                self._having.discard(me)
                while not self._may_take() and self.stop_count == 0:
                    self.active_count -= 1
                    self.queue_cv.wait()
                    self.active_count += 1
                if self.stop_count > 0:
                    self.active_count -= 1
                    self.stop_count -= 1
                    self.threads.discard(thread_no)
                    self.thread_exit_cv.notify()
                    return
                task = self.queue.popleft()
                self._having.add(me)
            try:
                task.service()
            except BaseException:
                self.logger.exception("Exception when servicing %r", task)

    def step_aside(self) -> None:
        """Gives the turn of the calling thread to the next request; the thread goes on without one."""
        with self.lock:
            self._having.discard(threading.get_ident())
            if self.queue:
                self.queue_cv.notify()

    def _may_take(self) -> bool:
        return bool(self.queue) and (len(self._having) < self._count or self._is_late(self.queue[0]))

    def _is_late(self, task: Any) -> bool:
        return bool(time.monotonic() - task.came >= WAIT_SECONDS)

    def _wake_for_late_ones(self) -> None:
        while True:
            self._waiting.wait()
            time.sleep(WAIT_SECONDS)
            with self.lock:
                if not self.queue:
                    self._waiting.clear()
                elif self._is_late(self.queue[0]):
                    self.queue_cv.notify()
