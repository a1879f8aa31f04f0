/** Goes to one message, in whatever room, thread and part of the history it stands. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { CommandError } from "../../services/websocket/errors";
import type { Target } from "./useMessageScroll";

export interface JumpTarget extends Target {
  roomId: string;
  threadId?: string;
}

interface Input {
  api: ChatResult;
  /** The room that is shown. */
  shown: string | null;
  /** What the address asks for. */
  linked: { roomId: string | null; messageId: string | null };
  select: (roomId: string) => void;
  openThread: (threadId: string) => void;
  onGo: () => void;
  onProblem: (words: string) => void;
}

export function useJump(input: Input) {
  const [target, setTarget] = useState<JumpTarget | null>(null);
  const latest = useRef(input);
  latest.current = input;

  const go = useCallback(async (roomId: string, messageId: string, threadId?: string): Promise<void> => {
    const { api, openThread, onGo, onProblem } = latest.current;
    onProblem("");
    onGo();
    setTarget({ roomId, messageId, ...(threadId !== undefined && { threadId }) });
    try {
      if (threadId === undefined) {
        const message = await api.loadAround(roomId, messageId);
        // A link need not say that the message stands in a thread.
        if (message?.thread_id !== undefined) await go(roomId, messageId, message.thread_id);
        return;
      }
      await Promise.all([api.loadAround(roomId, threadId), api.loadAround(roomId, messageId, threadId)]);
      openThread(threadId);
    } catch (error) {
      setTarget(null);
      const gone = error instanceof CommandError && !error.retryable;
      onProblem(
        gone
          ? "This message is not here any more, or you cannot see it."
          : "This message could not be loaded.",
      );
    }
  }, []);

  const jump = useCallback(
    (roomId: string, messageId: string, threadId?: string): void => {
      const { shown, select } = latest.current;
      if (shown !== roomId) select(roomId);
      void go(roomId, messageId, threadId);
    },
    [go],
  );

  const { roomId, messageId } = input.linked;
  const ready = input.api.chat.phase === "ready";
  useEffect(() => {
    if (ready && roomId !== null && messageId !== null) void go(roomId, messageId);
  }, [ready, roomId, messageId, go]);

  const arrived = useCallback(() => setTarget(null), []);
  return { target: target && target.roomId === input.shown ? target : null, jump, arrived };
}
