import { testFaults } from './faults.ts';
import { append } from './support.ts';

testFaults('names that mean the same in findings', [
  {
    why: 'an alias of two names',
    text: append('consensus:', '  aliases:', '    types: { bug: [x], style: [y, X] }'),
    at: ['12:35 consensus.aliases.types.style[1]'],
    message: /^"X" is an alias of bug already$/,
  },
  {
    why: 'a severity that there is not',
    text: append('consensus: { aliases: { severities: { grave: [bad] } } }'),
    at: ['10:39 consensus.aliases.severities.grave'],
    message: /^"grave" is not a severity; those are critical, high, medium, low, info$/,
  },
  {
    why: 'a name without a letter, beside one of the wrong form',
    text: append('consensus: { aliases: { types: { bug: ["!"], style: 5 } } }'),
    at: ['10:40 consensus.aliases.types.bug[0]', '10:53 consensus.aliases.types.style'],
    message: /^"!" has no letter and no digit$/,
  },
  {
    why: 'a kind of names that there is not',
    text: append('consensus: { aliases: { kinds: {} } }'),
    at: ['10:25 consensus.aliases.kinds'],
    message: /kinds/,
  },
  {
    why: 'a name that would be lost',
    text: append('consensus: { aliases: { types: { __proto__: [bug], style: [nit] } } }'),
    at: ['10:34 consensus.aliases.types.__proto__'],
    message: /^"__proto__" cannot be a key$/,
  },
]);
