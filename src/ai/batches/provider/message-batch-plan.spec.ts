import fc from 'fast-check';
import { piecesOf } from './message-batch-plan.js';

describe('The pieces that a batch is sent in', () => {
  const limits = fc.record({ requests: fc.integer({ min: 1, max: 9 }), bytes: fc.integer({ min: 1, max: 50 }) });

  it('hold every query once, in order, within the limits, and no piece could have taken the next query', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 80 })), limits, (sizes, { requests, bytes }) => {
        const pieces = piecesOf(sizes, (size) => size, { requests, bytes });
        expect(pieces.flat()).toEqual(sizes);
        const sum = (piece: readonly number[]) => piece.reduce((total, size) => total + size, 0);
        for (const [index, piece] of pieces.entries()) {
          expect(piece.length).toBeGreaterThan(0);
          expect(piece.length).toBeLessThanOrEqual(requests);
          if (piece.length > 1) expect(sum(piece)).toBeLessThanOrEqual(bytes);
          const next = pieces[index + 1];
          if (next && piece.length < requests) expect(sum(piece) + next[0]!).toBeGreaterThan(bytes);
        }
      }),
    );
  });
});
