import { testFaults } from './faults.ts';
import { append } from './support.ts';

testFaults('what says what a kilowatt-hour emits', [
  {
    why: 'neither a file nor an address',
    text: append('carbon: { source: { refresh_s: 60 } }'),
    at: ['10:19 carbon.source'],
    message: /^a source is one file or one address$/,
  },
  {
    why: 'both',
    text: append('carbon: { source: { file: g.csv, url: "http://127.0.0.1/x" } }'),
    at: ['10:19 carbon.source'],
    message: /^a source is one file or one address$/,
  },
  {
    why: 'zones of a file',
    text: append('carbon: { source: { file: g.csv, zones: { a: b } } }'),
    at: ['10:34 carbon.source.zones'],
    message: /^"zones" belongs to a "url" only$/,
  },
  {
    why: 'zones that the address has no place for',
    text: append('carbon: { source: { url: "http://127.0.0.1/x", zones: { a: b } } }'),
    at: ['10:26 carbon.source.url'],
    message: /^the address is asked for zones in part only$/,
  },
  {
    why: 'a place for zones, and none',
    text: append('carbon: { source: { url: "http://127.0.0.1/x?z={zone}" } }'),
    at: ['10:26 carbon.source.url'],
    message: /^the address is asked for zones in part only$/,
  },
  {
    why: 'a source that is too old before it is read again',
    text: append('carbon: { source: { file: g.csv, refresh_s: 86400 } }'),
    at: ['10:45 carbon.source.refresh_s'],
    message: /^what is read each 86400 s is too old after 7200 s$/,
  },
]);
