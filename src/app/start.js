// What `npm start` runs in a clone: `sluice` with its arguments, and the demo where there are none. Plain JavaScript, as main.js.

if (process.argv.length === 2) process.argv.push('demo');
await import('./main.js');
