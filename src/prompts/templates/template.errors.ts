/** A template that does not parse; the message tells its author where. */
export class TemplateSyntaxError extends Error {}

/** A text that grew beyond what may be sent to Claude while it was rendered. */
export class RenderedTooLargeError extends Error {
  constructor(readonly limit: number) {
    super(`The rendered text is longer than ${limit} characters`);
  }
}
