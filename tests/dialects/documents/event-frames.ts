/** A frame of the HTTP sink, as its document shows them. */
export type Frame = Readonly<Record<string, unknown>> & { readonly run_id: string };

/** The frames of a text of server-sent events; comments and the rest of a frame that is cut are left out. */
export const framesOf = (text: string): readonly Frame[] =>
  text
    .slice(0, text.lastIndexOf('\n\n') + 1)
    .split('\n\n')
    .filter((block) => block.startsWith('data: '))
    .map((block) => JSON.parse(block.slice('data: '.length)) as Frame);

/** Reads an answer as it comes, until one of its frames is what is waited for; then the connection is closed. */
export const framesUntil = async (response: Response, isIt: (frame: Frame) => boolean): Promise<readonly Frame[]> => {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    if (framesOf(text).some(isIt)) break;
  }
  return framesOf(text);
};
