/** The server's public key, as the server says it and as a browser keeps it. */

/** Whether a subscription is for this key: with another one the server cannot reach it. */
export function isFor(subscription: PushSubscription, publicKey: string): boolean {
  const key = subscription.options.applicationServerKey;
  return key === null || base64url(key) === unpadded(publicKey);
}

const unpadded = (text: string): string => text.replace(/=+$/u, "");

function base64url(bytes: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return unpadded(text.replaceAll("+", "-").replaceAll("/", "_"));
}
