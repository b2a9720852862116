/** A template that does not parse; the message tells its author what is wrong, and where. */
export class TemplateSyntaxError extends Error {
  override readonly name = 'TemplateSyntaxError';
}

/** A text that grew beyond what may be sent to Claude, or sections that repeat too often, while it was rendered. */
export class RenderedTooLargeError extends Error {
  override readonly name = 'RenderedTooLargeError';
}
