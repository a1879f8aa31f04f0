/** Bytes on the wire: a command's and an event's travel beside the payload, an answer's stand in it. */

/**
 * Part a payload from its bytes. A command has one field of bytes at most, and it travels as an argument of its own;
 * the state machine and all before it see it in its field.
 */
export function parted(payload: unknown): [rest: unknown, attachments: Uint8Array[]] {
  if (!hasBytes(payload)) return [payload, []];
  const fields = Object.entries(payload);
  return [
    Object.fromEntries(fields.filter(([, value]) => !(value instanceof Uint8Array))),
    fields.map(([, value]) => value).filter((value) => value instanceof Uint8Array),
  ];
}

/** Whether one of the fields is bytes: such a command cannot be written down as JSON. */
export function hasBytes(payload: unknown): payload is Record<string, unknown> {
  return isObject(payload) && Object.values(payload).some((value) => value instanceof Uint8Array);
}

/** Give an event its bytes back into the field that they belong to. */
export function joined(
  data: unknown,
  field: string | undefined,
  attachment: Uint8Array | undefined,
): unknown {
  if (field === undefined || attachment === undefined || !isObject(data)) return data;
  return { ...data, [field]: attachment };
}

/** The same with every `ArrayBuffer` (browsers) and `Buffer` (Node) as a `Uint8Array`; what has none is not copied. */
export function withPlainBytes(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) {
    const items = value.map(withPlainBytes);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isObject(value)) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, withPlainBytes(field)] as const);
  return fields.some(([name, field]) => field !== value[name]) ? Object.fromEntries(fields) : value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !ArrayBuffer.isView(value) &&
  !(value instanceof ArrayBuffer);
