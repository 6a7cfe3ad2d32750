'use strict'
// A page of attention maps: all of them small, and one large, as a map with tokens on both axes or as lines between two columns of tokens.

const $ = id => document.getElementById(id)
const data = JSON.parse($('data').textContent)
const dark = matchMedia('(prefers-color-scheme: dark)')

// floats returns the numbers of a layer.
function floats(base64) {
  const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true))
}

// maps are all maps, layer by layer: of heads, and after them of what several heads do together.
const maps = data.maps.flatMap((layer, l) => {
  const all = floats(layer.weights), n = layer.rows.length * layer.columns.length
  return [...Array(layer.heads).keys(), ...layer.reduced].map((what, k) => {
    const values = all.subarray(k * n, (k + 1) * n)
    return { layer, l, k, values, head: k < layer.heads, label: k < layer.heads ? 'head ' + (what + 1) : what, most: values.reduce((a, b) => Math.max(a, b), 1e-9) }
  })
})
const page = { chosen: 0, lines: false, row: -1, column: -1 }

// shown writes characters that one does not see as signs.
const signs = { ' ': '␣', '\n': '⏎', '\t': '⇥' }
const shown = token => [...token].map(c => signs[c] || (c < ' ' ? '\\x' + c.charCodeAt(0).toString(16).padStart(2, '0') : c)).join('')
const short = token => [...shown(token)].length > 1 ? '►' : shown(token)

// colour returns the colour of a share of the scale.
function colour(share) {
  const stops = dark.matches ? [[30, 32, 38], [29, 78, 90], [91, 200, 175], [246, 255, 216]] : [[241, 243, 246], [150, 190, 225], [50, 120, 190], [8, 48, 98]]
  const x = Math.min(Math.max(share, 0), 1) ** 0.7 * (stops.length - 1), i = Math.min(Math.floor(x), stops.length - 2), t = x - i
  return stops[i].map((v, c) => Math.round(v * (1 - t) + stops[i + 1][c] * t))
}
const top_ = map => $('lock').checked ? 1 : map.most

// paint draws a map, a pixel for each value.
function paint(canvas, map) {
  const w = map.layer.columns.length, h = map.layer.rows.length
  Object.assign(canvas, { width: w, height: h })
  const pen = canvas.getContext('2d'), picture = pen.createImageData(w, h)
  map.values.forEach((v, i) => picture.data.set([...colour(v / top_(map)), 255], 4 * i))
  pen.putImageData(picture, 0, 0)
}

// ink and accent are colours as a canvas takes them: it does not know light-dark().
const ink = () => getComputedStyle($('text')).color
const accent = () => getComputedStyle($('output')).color
const font = size => size + 'px ui-monospace, monospace'

// sized makes a canvas sharp on screens with small pixels.
function sized(canvas, w, h) {
  const scale = devicePixelRatio || 1
  Object.assign(canvas, { width: Math.ceil(w * scale), height: Math.ceil(h * scale) })
  Object.assign(canvas.style, { width: w + 'px', height: h + 'px' })
  const pen = canvas.getContext('2d')
  pen.scale(scale, scale)
  return pen
}

// place returns where the cells of the large map are.
function place(map) {
  const longest = Math.max(...map.layer.rows.map(t => [...shown(t)].length))
  const left = 14 + 8 * longest, above = 20
  const wide = Math.max(240, $('one').clientWidth - left - 4), high = Math.max(240, innerHeight - 290 - above)
  const cell = Math.min(34, Math.max(5, Math.min(wide / map.layer.columns.length, high / map.layer.rows.length)))
  return { left, above, cell }
}

function drawMap(map) {
  const { left, above, cell } = place(map), { rows, columns } = map.layer
  const pen = sized($('map').firstChild, left + cell * columns.length + 2, above + cell * rows.length + 2)
  map.values.forEach((v, i) => {
    pen.fillStyle = `rgb(${colour(v / top_(map))})`
    pen.fillRect(left + (i % columns.length) * cell, above + Math.floor(i / columns.length) * cell, Math.max(1, cell - 1), Math.max(1, cell - 1))
  })
  pen.font = font(Math.min(13, Math.max(9, cell)))
  pen.textBaseline = 'middle'
  const every = Math.max(1, Math.ceil(10 / cell))
  columns.forEach((t, j) => {
    if (j % every && j !== page.column) return
    pen.textAlign = 'center'
    pen.fillStyle = j === page.column ? accent() : ink()
    pen.fillText(short(t), left + (j + 0.5) * cell, above - 9)
  })
  rows.forEach((t, i) => {
    if (i % every && i !== page.row) return
    pen.textAlign = 'right'
    pen.fillStyle = i === page.row ? accent() : ink()
    pen.fillText(shown(t), left - 6, above + (i + 0.5) * cell)
  })
  if (page.row < 0 || page.column < 0) return
  pen.strokeStyle = accent()
  pen.strokeRect(left, above + page.row * cell, cell * columns.length, cell)
  pen.strokeRect(left + page.column * cell, above, cell, cell * rows.length)
}

const lineHeight = 20

// columnsOf returns where the two columns of tokens are.
function columnsOf(map) {
  const wide = tokens => 24 + 8 * Math.max(...tokens.map(t => [...shown(t)].length))
  const left = wide(map.layer.rows), right = wide(map.layer.columns)
  return { left, right, wide: Math.max(left + right + 160, Math.min(560, $('one').clientWidth)) }
}

function drawLines(map) {
  const { left, right, wide } = columnsOf(map), { rows, columns } = map.layer
  const pen = sized($('lines').firstChild, wide, lineHeight * Math.max(rows.length, columns.length) + 4)
  const y = i => (i + 0.5) * lineHeight
  pen.strokeStyle = accent()
  map.values.forEach((v, i) => {
    const row = Math.floor(i / columns.length), column = i % columns.length
    const share = v / top_(map)
    if (share < 0.02 || page.row >= 0 && row !== page.row || page.column >= 0 && column !== page.column) return
    pen.globalAlpha = Math.min(1, share)
    pen.lineWidth = 0.5 + 2.5 * Math.min(1, share)
    pen.beginPath()
    pen.moveTo(left, y(row))
    pen.lineTo(wide - right, y(column))
    pen.stroke()
  })
  pen.globalAlpha = 1
  pen.font = font(13)
  pen.textBaseline = 'middle'
  for (const [tokens, on, x, align] of [[rows, page.row, left - 8, 'right'], [columns, page.column, wide - right + 8, 'left']]) {
    pen.textAlign = align
    tokens.forEach((t, i) => {
      pen.fillStyle = i === on ? accent() : ink()
      pen.fillText(shown(t), x, y(i))
    })
  }
}

// say names what is under the cursor.
function say(map) {
  const line = $('say'), { rows, columns } = map.layer
  const [before, after] = data.words
  const bold = text => Object.assign(document.createElement('b'), { textContent: '“' + shown(text) + '”' })
  const value = (i, j) => map.values[i * columns.length + j].toFixed(3)
  if (page.row >= 0 && page.column >= 0) {
    line.replaceChildren(bold(rows[page.row]), ` ${before} ${value(page.row, page.column)} ${after} `, bold(columns[page.column]))
  } else if (page.row >= 0 || page.column >= 0) {
    const row = page.row >= 0, here = row ? page.row : page.column
    const others = (row ? columns : rows).map((t, k) => [t, row ? map.values[here * columns.length + k] : map.values[k * columns.length + here]])
    others.sort((a, b) => b[1] - a[1])
    line.replaceChildren(bold((row ? rows : columns)[here]), row ? ` ${before} from: ` : ' gives to: ', ...others.slice(0, 4).flatMap(([t, v]) => [bold(t), ` ${v.toFixed(3)}  `]))
  } else {
    line.textContent = page.lines ? 'Each token at the left takes from those at the right.' : `Each row ${before} ${after} the columns.`
  }
}

// draw draws the chosen map.
function draw() {
  const map = maps[page.chosen]
  $('name').textContent = map.layer.name + ', ' + map.label
  const all = Object.entries(map.layer.scores).filter(() => map.head).map(([name, of]) => name + ' ' + (of[map.k] === null ? '–' : of[map.k].toFixed(3)))
  $('scores').textContent = all.join('  ·  ') || (map.label === 'rollout' ? 'what reaches each token through all layers up to this one' : map.label + ' of the layer’s heads')
  $('map').hidden = page.lines
  $('lines').hidden = !page.lines
  $('asMap').setAttribute('aria-pressed', !page.lines)
  $('asLines').setAttribute('aria-pressed', page.lines)
  page.lines ? drawLines(map) : drawMap(map)
  const pen = $('scale').querySelector('canvas').getContext('2d')
  for (let x = 0; x < 128; x++) {
    pen.fillStyle = `rgb(${colour(x / 127)})`
    pen.fillRect(x, 0, 1, 1)
  }
  $('top').textContent = top_(map).toFixed(3)
  document.querySelectorAll('.heads button').forEach((b, i) => b.classList.toggle('chosen', i === page.chosen))
  say(map)
}

function choose(i) {
  Object.assign(page, { chosen: i, row: -1, column: -1 })
  draw()
}

// hover takes the position of the cursor.
function hover(e) {
  const map = maps[page.chosen], { rows, columns } = map.layer
  const inside = (v, tokens) => v >= 0 && v < tokens.length ? v : -1
  let row = -1, column = -1
  if (!page.lines) {
    const { left, above, cell } = place(map)
    row = inside(Math.floor((e.offsetY - above) / cell), rows)
    column = inside(Math.floor((e.offsetX - left) / cell), columns)
    if (row < 0 || column < 0) row = column = -1
  } else {
    const { left, right, wide } = columnsOf(map), at = Math.floor(e.offsetY / lineHeight)
    if (e.offsetX < left + 20) row = inside(at, rows)
    else if (e.offsetX > wide - right - 20) column = inside(at, columns)
  }
  if (row === page.row && column === page.column) return
  Object.assign(page, { row, column })
  draw()
}

function leave() {
  Object.assign(page, { row: -1, column: -1 })
  draw()
}

// begin fills the page.
function begin() {
  $('text').textContent = data.text
  $('output').textContent = data.output ? '→ ' + shown(data.output) : ''
  if (data.unread) {
    const n = [...data.text].length
    $('unread').textContent = `Of ${n} characters the model reads ${n - data.unread}: the maps are of the last.`
    $('unread').hidden = false
  }
  for (const { token, p } of data.next || []) {
    const bar = document.createElement('i'), item = document.createElement('span')
    bar.style.width = Math.max(1, 120 * p) + 'px'
    item.append(shown(token), bar, (100 * p).toFixed(1) + ' %')
    $('next').append(item)
    $('next').hidden = false
  }
  $('about').textContent = Object.entries(data.about || {}).filter(([key]) => key !== 'Title').map(([key, value]) => key + ': ' + value).join('  ·  ')
  data.maps.forEach((layer, l) => {
    const box = Object.assign(document.createElement('div'), { className: 'layer' }), heads = Object.assign(document.createElement('div'), { className: 'heads' })
    box.append(Object.assign(document.createElement('h3'), { textContent: layer.name }), heads)
    maps.forEach((map, i) => {
      if (map.l !== l) return
      const button = Object.assign(document.createElement('button'), { type: 'button', className: map.k === layer.heads ? 'first' : '' })
      map.small = document.createElement('canvas')
      button.append(map.small, map.head ? String(map.k + 1) : { average: 'avg', maximum: 'max', rollout: 'roll' }[map.label])
      button.title = layer.name + ', ' + map.label
      button.onclick = () => choose(i)
      heads.append(button)
    })
    $('all').append(box)
  })
  repaint()
}

function repaint() {
  maps.forEach(map => paint(map.small, map))
  draw()
}

function view(lines) {
  Object.assign(page, { lines, row: -1, column: -1 })
  draw()
}

$('asMap').onclick = () => view(false)
$('asLines').onclick = () => view(true)
$('lock').onchange = repaint
dark.onchange = repaint
onresize = draw
for (const canvas of [$('map').firstChild, $('lines').firstChild]) Object.assign(canvas, { onmousemove: hover, onmouseleave: leave })
onkeydown = e => {
  const layer = maps[page.chosen].layer, next = by => choose((page.chosen + by + maps.length) % maps.length)
  const per = layer.heads + layer.reduced.length
  const keys = { ArrowRight: () => next(1), ArrowLeft: () => next(-1), ArrowDown: () => next(per), ArrowUp: () => next(-per), l: () => view(true), m: () => view(false) }
  if (e.ctrlKey || e.metaKey || e.altKey || !keys[e.key]) return
  keys[e.key]()
  e.preventDefault()
}
begin()
