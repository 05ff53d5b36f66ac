// The coprocessor's board code in the real MicroPython (WebAssembly), its pins and UART over stdin and stdout:
//   node micropython_board.mjs MODULE REPOSITORY
// In, a line of JSON each: {"uart": HEX} {"levels": {"ring_hertz", "battery", "loop_current", "reversed", "handset_closed", "buttons"}}
// Out: {"uart": HEX} {"levels": {"closed", "held", "ringing", "lamp", "howler", "leds"}}, told when they change.
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

const STEP_MS = 5;
const [modulePath, repository] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(modulePath).href);
const mp = await loadMicroPython({ heapsize: 512 * 1024, stdout: (line) => process.stdout.write(`${line}\n`) });
for (const folder of ['/board', '/board/hal', '/board/hal/coprocessor']) mp.FS.mkdir(folder);
const copy = (from, to) => mp.FS.writeFile(to, fs.readFileSync(path.join(repository, from)));
for (const name of fs.readdirSync(path.join(repository, 'board/coprocessor')).filter((one) => one.endsWith('.py'))) {
  copy(`board/coprocessor/${name}`, `/board/${name}`);
}
mp.FS.writeFile('/board/hal/__init__.py', '');
for (const name of ['__init__', 'frames', 'link', 'words']) {
  copy(`hal/coprocessor/${name}.py`, `/board/hal/coprocessor/${name}.py`);
}
const start = Math.floor(Math.random() * 65536);
mp.runPython(`
import sys, json
sys.path.insert(0, '/board')
from switchboard import Inputs, Switchboard
board = Switchboard(${start})
inputs = Inputs()
told = None
ring_hertz = 0

def hexed(data):
    return ''.join('%02x' % octet for octet in data)

def take(line, now):
    global ring_hertz
    message = json.loads(line)
    if 'uart' in message:
        text = message['uart']
        board.link.receive_data(bytes(int(text[i:i+2], 16) for i in range(0, len(text), 2)), now)
    for name, value in message.get('levels', {}).items():
        if name == 'ring_hertz':
            ring_hertz = value
        else:
            setattr(inputs, name, value)

def step(now):
    global told
    if ring_hertz and now // (1000 // ring_hertz) != (now - ${STEP_MS}) // (1000 // ring_hertz):
        inputs.ring_edges += 1
    board.step(inputs, now)
    data = board.link.data_to_send()
    if data:
        print(json.dumps({'uart': hexed(data)}))
    levels = {'closed': board.line.closed, 'held': board.guard.held, 'ringing': board.ringer.active,
              'lamp': board.lamp, 'howler': board.howler, 'leds': board.led_levels}
    if levels != told:
        told = dict(levels)
        print(json.dumps({'levels': levels}))
`);
const take = mp.globals.get('take');
const step = mp.globals.get('step');
const began = Date.now();
// Its own clock, in steps: a computer that was busy catches up, and no ringing or debouncing is stretched by it.
let clock = 0;
const now = () => clock;
readline.createInterface({ input: process.stdin }).on('line', (line) => take(line, now())).on('close', () => process.exit(0));
setInterval(() => {
  while (clock + STEP_MS <= Date.now() - began) {
    clock += STEP_MS;
    step(clock);
  }
}, STEP_MS);
