/** What one can do with messages of a room, as functions that stay the same while the room is open. */

import { useMemo, useRef, useState } from "react";
import type { Message } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { peopleOf } from "../../services/websocket/chat/view";
import { words } from "../../services/websocket/errors";
import type { MessageActions, Question } from "./actions";

interface Input {
  api: ChatResult;
  roomId: string;
  onReply: (message: Message) => void;
  onThread: (message: Message) => void;
  onJump: (messageId: string) => void;
  onEditEnd: () => void;
}

export function useMessageActions(input: Input) {
  const { api, roomId } = input;
  const [editing, setEditing] = useState<Message | null>(null);
  const [asked, setAsked] = useState<{ question: Question; message: Message } | null>(null);
  const [problem, setProblem] = useState("");
  const [notice, setNotice] = useState("");
  const latest = useRef(input);
  latest.current = input;
  const { retryMessage, discardMessage, editMessage, reactToMessage, pinMessage, moderateRoom } = api;

  const actions = useMemo<MessageActions>(() => {
    const attempt = (doing: Promise<unknown>): void => {
      setProblem("");
      doing.catch((error: unknown) => setProblem(words(error)));
    };
    return {
      retry: retryMessage,
      discard: discardMessage,
      startEdit: (message) => {
        setEditing(message);
        if (!message) latest.current.onEditEnd();
      },
      edit: editMessage,
      react: (message, emoji, on) => attempt(reactToMessage(message, emoji, on)),
      reply: (message) => latest.current.onReply(message),
      openThread: (message) => latest.current.onThread(message),
      pin: (message, on) => attempt(pinMessage(message, on)),
      ask: (question, message) => setAsked({ question, message }),
      hide: (message, hidden) =>
        attempt(
          moderateRoom(message.room_id, { action: hidden ? "hide" : "restore", messageId: message.id }),
        ),
      copyLink: (message) => {
        const link = `${location.href.split("#")[0]}#/chat/${encodeURIComponent(message.room_id)}?message=${message.id}`;
        navigator.clipboard?.writeText(link).then(
          () => setNotice("The link was copied."),
          () => setProblem("The link could not be copied."),
        );
      },
      jump: (messageId) => latest.current.onJump(messageId),
      people: () => peopleOf(latest.current.api.chat, roomId),
    };
  }, [retryMessage, discardMessage, editMessage, reactToMessage, pinMessage, moderateRoom, roomId]);

  return { actions, editing, asked, setAsked, problem, setProblem, notice };
}

export type MessageActing = ReturnType<typeof useMessageActions>;
