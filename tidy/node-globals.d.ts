// Node has these classes as globals, but its types declare only the values. With the browser's types they would be complete,
// and so would a thousand names that do not exist in Node.
interface TextDecoder extends InstanceType<typeof import('node:util').TextDecoder> {}
interface TextEncoder extends InstanceType<typeof import('node:util').TextEncoder> {}
