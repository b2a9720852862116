/**
 * Oxlint rules of our own, for what has no built-in rule. Plain JavaScript, because oxlint loads TypeScript plugins only
 * on Node 22.18 and later.
 */
import { maxClassMethods } from './max-class-methods.js';

export default {
  meta: { name: 'dossier' },
  rules: { 'max-class-methods': maxClassMethods },
};
