/**
 * What keeps the process from starting and only its operator can mend. The message is for them, and says what to do: `main.ts`
 * prints it without a stack.
 */
export class OperatorError extends Error {
  override readonly name: string = 'OperatorError';
}
