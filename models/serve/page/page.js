'use strict'
// The page of genview serve: a plane of the latent space to drag through, and a box for models of text. It has no other code than this.

const $ = id => document.getElementById(id)
const kept = { token: '', model: null } // the token is in memory alone

// say shows a line; with wrong it is an error.
function say(text, wrong = false) {
  $('status').textContent = text
  $('status').classList.toggle('wrong', wrong)
}

// ask sends a request and returns its answer, or throws what the server says is wrong.
async function ask(path, body, signal) {
  const headers = {}
  if (body) headers['Content-Type'] = 'application/json'
  if (kept.token) headers.Authorization = 'Bearer ' + kept.token
  const answer = await fetch(path, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body), signal })
  if (answer.ok) return answer
  const problem = await answer.json().catch(() => ({}))
  throw Object.assign(new Error(problem.detail || `the server answered ${answer.status}`), { status: answer.status })
}

// doing runs something that a button asks for, while the button is off.
async function doing(button, what) {
  button.disabled = true
  try {
    await what()
  } catch (e) {
    if (e.name !== 'AbortError') say(e.message, true)
  } finally {
    button.disabled = false
  }
}

// download hands a blob to the user as a file.
function download(blob, name) {
  const a = document.createElement('a')
  a.href = URL.createObjectURL(blob)
  a.download = name
  a.click()
  setTimeout(() => URL.revokeObjectURL(a.href), 60000)
}

// show shows a blob in an image, and frees the one before.
async function show(img, blob) {
  const before = img.src
  img.src = URL.createObjectURL(blob)
  await img.decode().catch(() => {}) // a newer one may have come
  if (before.startsWith('blob:')) URL.revokeObjectURL(before)
}

const cells = 9 // in a row and in a column of the map

// inMap returns where in the map, from 0 to 1, the middle of a position's cell is; ofMap is its inverse.
const inMap = u => (u * (cells - 1) + 0.5) / cells
const ofMap = at => (at * cells - 0.5) / (cells - 1)

// The plane: corners are the latent vectors of four seeds; x and y go from 0 to 1.
const plane = { seeds: [], corners: [], x: 0.5, y: 0.5, asking: false, stale: false, shown: 0 }

// latent returns the point at a position, drawn out to a length between those of the corners, as the map is.
function latent(x, y) {
  const weights = [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y]
  const length = z => Math.hypot(...z)
  const z = plane.corners[0].map((_, i) => weights.reduce((sum, w, k) => sum + w * plane.corners[k][i], 0))
  const want = weights.reduce((sum, w, k) => sum + w * length(plane.corners[k]), 0)
  const by = length(z) > 0 ? want / length(z) : 0
  return z.map(v => v * by)
}

// go moves to a position. While a picture is asked for, only the newest position is remembered.
async function go(x, y) {
  plane.x = Math.min(1, Math.max(0, x))
  plane.y = Math.min(1, Math.max(0, y))
  $('spot').style.left = inMap(plane.x) * 100 + '%'
  $('spot').style.top = inMap(plane.y) * 100 + '%'
  const at = `${Math.round(plane.x * 100)} % across, ${Math.round(plane.y * 100)} % down`
  $('where').textContent = at
  $('map').setAttribute('aria-valuenow', Math.round(plane.x * 100))
  $('map').setAttribute('aria-valuetext', at)
  plane.stale = true
  if (plane.asking) return
  plane.asking = true
  try {
    while (plane.stale) {
      plane.stale = false
      const answer = await ask('v1/sample', { latents: [latent(plane.x, plane.y)], format: 'png' })
      await show($('picture'), await answer.blob())
      $('picture').dataset.shown = ++plane.shown
      say('')
    }
  } catch (e) {
    say(e.message, true)
  } finally {
    plane.asking = false
  }
}

// shuffle takes four other seeds for the corners.
async function shuffle() {
  plane.seeds = plane.seeds.length ? Array.from({ length: 4 }, () => Math.floor(Math.random() * 100000)) : [1, 2, 3, 4]
  const points = plane.seeds.map(seed => 'seed:' + seed)
  const [corners, map] = await Promise.all([
    ask('v1/sample', { points, format: 'json' }).then(a => a.json()),
    ask('v1/walk', { points, grid: [cells, cells], corners: true, frames: 1, format: 'png' }).then(a => a.blob()),
  ])
  plane.corners = corners.pictures.map(p => p.latent)
  await show($('sheet'), map)
  await go(plane.x, plane.y)
}

// drags has the map follow the mouse, a finger and the arrow keys.
function drags() {
  const map = $('map')
  const to = e => {
    const r = map.getBoundingClientRect()
    go(ofMap((e.clientX - r.left) / r.width), ofMap((e.clientY - r.top) / r.height))
  }
  map.addEventListener('pointerdown', e => { map.setPointerCapture(e.pointerId); map.focus({ preventScroll: true }); to(e); e.preventDefault() })
  map.addEventListener('pointermove', e => { if (map.hasPointerCapture(e.pointerId)) to(e) })
  map.addEventListener('keydown', e => {
    const by = e.shiftKey ? 0.1 : 0.02
    const step = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[e.key]
    if (e.key === 'Home') go(0.5, 0.5)
    else if (step) go(plane.x + step[0], plane.y + step[1])
    else return
    e.preventDefault()
  })
}

async function openPlane() {
  const [, , width] = kept.model.picture
  const name = (kept.model.run || 'genview') + '-' // of files
  const large = Math.min(64, Math.max(1, Math.floor(512 / width)))
  $('latent').hidden = false
  for (const img of [$('picture'), $('sheet')]) img.classList.toggle('coarse', width < 128)
  drags()
  $('shuffle').onclick = () => doing($('shuffle'), shuffle)
  $('save').onclick = () => doing($('save'), async () => {
    const answer = await ask('v1/sample', { latents: [latent(plane.x, plane.y)], scale: large, format: 'png' })
    download(await answer.blob(), `${name}${plane.seeds.join('-')}-at-${plane.x.toFixed(2)}-${plane.y.toFixed(2)}.png`)
  })
  $('film').onclick = () => doing($('film'), async () => {
    const points = [0, 1, 3, 2].map(k => 'seed:' + plane.seeds[k])
    say('Filming…')
    const answer = await ask('v1/walk', { points, loop: true, frames: 100, scale: Math.max(1, Math.floor(large / 2)), format: 'gif' })
    download(await answer.blob(), `${name}${plane.seeds.join('-')}.gif`)
    say('')
  })
  await shuffle()
}

// visible returns a token as it is shown.
const visible = token => token === '\n' ? '⏎' : token === ' ' ? '␣' : token

const attention = { maps: [], row: 0 }

// weigh shows what a token attends to in the chosen layer and head.
function weigh(row) {
  const map = attention.maps[$('layer').value]
  const table = map.heads[$('head').value]
  attention.row = Math.min(row, table.length - 1)
  const most = Math.max(...table[attention.row])
  ;[...$('rows').children].forEach((s, i) => s.classList.toggle('chosen', i === attention.row))
  ;[...$('columns').children].forEach((s, i) => {
    const w = table[attention.row][i]
    s.firstChild.style.opacity = most > 0 ? 0.75 * w / most : 0
    s.title = `${(100 * w).toFixed(1)} %`
  })
}

// choose shows a layer and head.
function choose() {
  const map = attention.maps[$('layer').value]
  const head = Math.min($('head').value || 0, map.heads.length - 1)
  $('head').replaceChildren(...map.heads.map((_, k) => new Option(k + 1, k, false, k === head)))
  const table = map.heads[head]
  $('rows').replaceChildren(...map.rows.map((token, i) => {
    const s = document.createElement('span')
    s.textContent = visible(token)
    s.tabIndex = 0
    s.onpointerenter = s.onfocus = s.onclick = () => weigh(i)
    return s
  }))
  $('columns').replaceChildren(...map.columns.map(token => {
    const s = document.createElement('span')
    const text = document.createElement('b')
    text.textContent = visible(token)
    s.append(document.createElement('i'), text)
    return s
  }))
  const c = $('weights')
  c.width = map.columns.length
  c.height = map.rows.length
  const pen = c.getContext('2d')
  const ink = getComputedStyle(document.documentElement)
  pen.fillStyle = getComputedStyle($('read')).backgroundColor || ink.color
  table.forEach((row, y) => row.forEach((w, x) => { pen.globalAlpha = Math.sqrt(w); pen.fillRect(x, y, 1, 1) }))
  weigh(attention.row)
}

function openText() {
  const { can, opening } = kept.model
  $('text').hidden = false
  $('read').hidden = !can.attention
  $('write').hidden = !can.generate
  $('prompt').value = opening && opening.trim() ? opening : ''
  $('prompt').placeholder = can.generate ? 'Empty: the model begins by itself' : 'Such as: 3 May 1998'
  $('read').onclick = () => doing($('read'), async () => {
    const a = await (await ask('v1/attention', { text: $('prompt').value, format: 'json' })).json()
    Object.assign(attention, { maps: a.maps, row: a.maps[0].rows.length - 1 })
    $('output').textContent = a.output ? (can.generate ? 'Goes on: ' : 'Reads it as: ') + a.output : ''
    $('layer').replaceChildren(...a.maps.map((m, i) => new Option(m.name, i)))
    $('attention').hidden = false
    choose()
    say('')
  })
  $('layer').onchange = $('head').onchange = choose
  $('write').onclick = () => doing($('write'), async () => {
    const given = $('prompt').value
    const abort = new AbortController()
    const text = document.createTextNode('')
    const begun = document.createElement('b')
    begun.textContent = given
    $('written').replaceChildren(begun, text)
    $('written').hidden = $('stop').hidden = false
    $('stop').onclick = () => abort.abort()
    try {
      const answer = await ask('v1/generate', { ...(given && { prompt: given }), characters: Math.min(300, kept.model.limits.characters), format: 'text', seed: Math.floor(Math.random() * 1e6) }, abort.signal)
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      for (let part = await reader.read(); !part.done; part = await reader.read()) text.data += part.value
      say('')
    } finally {
      $('stop').hidden = true
    }
  })
}

async function open() {
  try {
    kept.model = await (await ask('v1/model')).json()
  } catch (e) {
    $('key').hidden = e.status !== 401
    if (e.status === 401 && !kept.token) $('token').focus()
    else say(e.status === 401 ? 'This is not the token.' : e.message, true)
    return
  }
  const { can, title, run, step, parameters, data } = kept.model
  say('')
  $('key').hidden = true
  $('description').hidden = false
  document.title = $('title').textContent = run || title
  $('about').textContent = [run && title, data && 'of ' + data, `${parameters.toLocaleString('en')} parameters`, `step ${step.toLocaleString('en')}`].filter(Boolean).join(' · ')
  try {
    if (can.sample) await openPlane()
    if (can.attention || can.generate) openText()
    $('nothing').hidden = can.sample || can.attention || can.generate
  } catch (e) {
    say(e.message, true)
  }
}

$('key').onsubmit = e => { e.preventDefault(); kept.token = $('token').value.trim(); $('token').value = ''; open() }
$('description').onclick = () => doing($('description'), async () => {
  download(await (await ask('openapi.json')).blob(), 'openapi.json')
})
const given = new URLSearchParams(location.hash.slice(1)).get('token')
if (given) {
  kept.token = given
  history.replaceState(null, '', location.pathname) // the token is not left in the address and the history
}
open()
