
// A page about a run: what it showed, with a slider through time, and curves whose values appear under the cursor.

const $ = id => document.getElementById(id)
const data = JSON.parse($('data').textContent)

// make makes an element; texts are never read as markup.
function make(name, text, attributes = {}) {
  const e = document.createElement(name)
  if (text !== undefined) e.textContent = text
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v)
  return e
}

const svg = (name, attributes = {}) => {
  const e = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v)
  return e
}

function fill(table, rows, head) {
  table.replaceChildren(...rows.map((row, i) => {
    const tr = make('tr')
    tr.append(...row.map(cell => make(head && i === 0 ? 'th' : 'td', cell)))
    return tr
  }))
}

const figure = v => v === null ? '–' : Math.abs(v) >= 1e5 || v !== 0 && Math.abs(v) < 1e-3 ? v.toExponential(2) : String(+v.toPrecision(5))
const whole = n => Math.round(n).toLocaleString('en')
const duration = s => s < 60 ? s.toFixed(1) + ' s' : s < 3600 ? Math.floor(s / 60) + ' min ' + Math.round(s % 60) + ' s' : (s / 3600).toFixed(2) + ' h'

// between returns the ordinate at x of the line through the known points next to it.
function between(xs, ys, x) {
  let i = 1
  while (i < xs.length - 1 && xs[i] < x) i++
  return ys[i - 1] + (x - xs[i - 1]) / (xs[i] - xs[i - 1]) * (ys[i] - ys[i - 1])
}
const clock = data.clock[0] && data.clock[0].length > 1 ? step => between(data.clock[0], data.clock[1], step) : null

// What it showed.

const past = { at: 0, view: '', timer: 0, maps: null }

// showMaps shows maps, and keeps the element from one moment to the next: so the chosen map stays, and the cursor over it.
function showMaps(view) {
  if (!past.maps) {
    past.maps = new Maps('h3')
    past.maps.box.onkeydown = e => past.maps.key(e)
  }
  if ($('shown').firstChild !== past.maps.box) $('shown').replaceChildren(past.maps.box)
  past.maps.show(view.maps)
}

function show() {
  const moment = data.moments[past.at]
  $('step').textContent = whole(moment.step)
  $('time').value = past.at
  const names = [...new Set(data.moments.flatMap(m => m.views.map(v => v.name)))]
  if (!names.includes(past.view)) past.view = names[0]
  $('views').replaceChildren(...(names.length > 1 ? names : []).map(name => {
    const b = make('button', name, { type: 'button', role: 'tab', 'aria-selected': name === past.view })
    b.onclick = () => { past.view = name; show() }
    return b
  }))
  const view = moment.views.find(v => v.name === past.view)
  if (!view) $('shown').replaceChildren(make('p', 'There is none of this step.'))
  else if (view.maps) showMaps(view)
  else if (view.picture) {
    const img = make('img', undefined, { src: 'data:image/png;base64,' + view.picture, alt: view.name + ' at step ' + moment.step })
    if (view.sharp) img.className = 'sharp'
    const live = data.moments.filter(m => m.views.some(v => v.name === view.name && v.maps)).map(m => whole(m.step))
    $('shown').replaceChildren(img, ...live.length ? [make('p', 'The page has the values, under the cursor, of these steps alone: ' + live.join(', ') + '.')] : [])
  } else if (view.table) {
    const table = make('table')
    fill(table, view.table, true)
    $('shown').replaceChildren(table)
  } else $('shown').replaceChildren(...view.texts.map(t => make('pre', t)))
  for (const c of charts) c.moment(moment.step)
}

function play(on) {
  clearInterval(past.timer)
  past.timer = 0
  $('play').setAttribute('aria-pressed', on)
  $('play').textContent = on ? 'Pause' : 'Play'
  if (!on) return
  if (past.at === data.moments.length - 1) past.at = 0
  past.timer = setInterval(() => {
    past.at = Math.min(past.at + 1, data.moments.length - 1)
    show()
    if (past.at === data.moments.length - 1) play(false)
  }, 250)
}

// Curves.

const size = { w: 640, h: 240, left: 52, right: 22, top: 8, bottom: 20 }

// ticks returns round values from low to high, at least so far apart.
function ticks(low, high, n, least = 0) {
  const raw = Math.max((high - low) / n, least), power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].find(f => f * power >= raw) * power
  const out = []
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k++) out.push(+(k * step).toPrecision(12))
  return out
}

class Chart {
  constructor(group) {
    this.group = group
    this.box = make('div', undefined, { class: 'chart' })
    this.picture = svg('svg', { role: 'img', 'aria-label': group.name })
    this.legend = make('div', undefined, { class: 'legend' })
    this.box.append(make('h3', group.name + (group.unit ? ', ' + group.unit : '')), this.picture, this.legend)
    this.picture.addEventListener('pointermove', e => over(this.step(e.clientX)))
    this.picture.addEventListener('pointerleave', () => over(null))
    this.picture.addEventListener('click', e => go(this.step(e.clientX)))
  }

  // across returns the abscissa of a step: itself, or the time trained.
  across(step) { return $('seconds').checked && clock ? clock(step) : step }

  draw() {
    const w = this.w = Math.max(260, this.picture.clientWidth || size.w), h = size.h, log = $('log').checked
    const usable = v => v !== null && (!log || v > 0), tall = v => log ? Math.log10(v) : v
    const xs = this.group.series.flatMap(s => s.steps).map(s => this.across(s))
    const ys = this.group.series.flatMap(s => [...s.low, ...s.high]).filter(usable).map(tall)
    let [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
    if (!(x1 > x0)) x1 = x0 + 1
    if (!ys.length) [y0, y1] = [0, 1]
    if (!(y1 > y0)) [y0, y1] = [y0 - (Math.abs(y0) * 0.1 || 1), y1 + (Math.abs(y1) * 0.1 || 1)]
    this.x = step => size.left + (this.across(step) - x0) / (x1 - x0) * (w - size.left - size.right)
    const y = v => size.top + (y1 - tall(v)) / (y1 - y0) * (h - size.top - size.bottom)
    const at = (a, low, high, from, to) => from + (a - low) / (high - low) * (to - from)
    this.picture.setAttribute('viewBox', `0 0 ${w} ${h}`)
    this.picture.replaceChildren()
    for (const t of log ? ticks(y0, y1, 5).filter(t => Number.isInteger(t) || y1 - y0 < 1) : ticks(y0, y1, 5)) {
      const py = at(t, y0, y1, h - size.bottom, size.top)
      this.picture.append(svg('line', { class: 'grid', x1: size.left, x2: w - size.right, y1: py, y2: py }), this.text(figure(log ? 10 ** t : t), size.left - 6, py + 4, 'end'))
    }
    for (const t of ticks(x0, x1, Math.max(2, w / 110), $('seconds').checked && clock ? 0 : 1)) {
      const px = at(t, x0, x1, size.left, w - size.right)
      this.picture.append(svg('line', { class: 'grid', x1: px, x2: px, y1: size.top, y2: h - size.bottom }), this.text($('seconds').checked && clock ? duration(t) : whole(t), px, h - 5, 'middle'))
    }
    for (const e of data.events || []) {
      if (e.step > 0) this.picture.append(svg('line', { class: 'mark', x1: this.x(e.step), x2: this.x(e.step), y1: size.top, y2: h - size.bottom }))
    }
    this.group.series.forEach((s, k) => {
      const point = (v, i) => `${this.x(s.steps[i]).toFixed(1)} ${y(v).toFixed(1)}`
      let line = '', pen = 'M'
      s.values.forEach((v, i) => { if (usable(v)) { line += pen + point(v, i); pen = 'L' } else pen = 'M' })
      const good = s.values.map((v, i) => i).filter(i => usable(s.low[i]) && usable(s.high[i]))
      if (good.some(i => s.low[i] !== s.high[i])) {
        const band = 'M' + [...good.map(i => point(s.high[i], i)), ...good.reverse().map(i => point(s.low[i], i))].join('L') + 'Z'
        this.picture.append(svg('path', { class: 'band', d: band, style: `fill: var(--c${k % 6})` }))
      }
      this.picture.append(svg('path', { d: line, style: `stroke: var(--c${k % 6})` }))
      if (s.values.length === 1 && usable(s.values[0])) this.picture.append(svg('circle', { cx: this.x(s.steps[0]), cy: y(s.values[0]), r: 3, style: `fill: var(--c${k % 6})` }))
    })
    this.cross = svg('line', { class: 'cross', y1: size.top, y2: h - size.bottom, visibility: 'hidden' })
    this.now = svg('line', { class: 'cross', y1: size.top, y2: h - size.bottom, visibility: 'hidden', opacity: 0.35 })
    this.picture.append(this.now, this.cross)
    this.hover(null)
  }

  text(s, x, y, anchor) {
    const t = svg('text', { x, y, 'text-anchor': anchor })
    t.textContent = s
    return t
  }

  // step returns the logged step that is nearest to a place in the window.
  step(clientX) {
    const r = this.picture.getBoundingClientRect(), x = (clientX - r.left) * this.w / r.width
    const steps = this.group.series.flatMap(s => s.steps)
    return steps.reduce((best, s) => Math.abs(this.x(s) - x) < Math.abs(this.x(best) - x) ? s : best, steps[0])
  }

  put(line, step) {
    const x = step === null ? 0 : this.x(step)
    line.setAttribute('visibility', step === null || x < size.left - 1 || x > this.w ? 'hidden' : 'visible')
    line.setAttribute('x1', x)
    line.setAttribute('x2', x)
  }

  // hover shows the values at a step, or the newest.
  hover(step) {
    this.put(this.cross, step)
    this.legend.replaceChildren(...this.group.series.map((s, k) => {
      let i = s.steps.length - 1
      if (step !== null) s.steps.forEach((have, j) => { if (Math.abs(have - step) < Math.abs(s.steps[i] - step)) i = j })
      const e = make('span')
      e.append(make('i', '', { style: `background: var(--c${k % 6})` }), make('span', s.name), make('b', figure(s.values[i])))
      return e
    }))
  }

  moment(step) { this.put(this.now, step) }
}

const charts = data.groups ? data.groups.map(g => new Chart(g)) : []

// over shows the values at a step in all charts.
function over(step) {
  for (const c of charts) c.hover(step)
  const done = (data.events || []).filter(e => e.step === step).map(e => e.text)
  $('say').textContent = step === null ? '' : ['step ' + whole(step), ...(clock ? [duration(clock(step))] : []), ...done].join('  ·  ')
}

// go shows the moment that is nearest to a step.
function go(step) {
  if (!data.moments) return
  play(false)
  past.at = data.moments.reduce((best, m, i) => Math.abs(m.step - step) < Math.abs(data.moments[best].step - step) ? i : best, 0)
  show()
}

function drawAll() {
  for (const c of charts) c.draw()
  if (data.moments) for (const c of charts) c.moment(data.moments[past.at].step)
}

// The rest.

$('name').textContent = data.name
$('facts').append(...data.facts.map(([name, value]) => {
  const d = make('div')
  d.append(make('dt', name), make('dd', value))
  return d
}))
fill($('settings'), data.settings.map(s => [s.Key, s.Value, s.Meaning]))
$('by').textContent = data.by
if (data.evals) {
  $('evaluated').hidden = false
  fill($('evals'), data.evals, true)
}
if (data.events) {
  $('done').hidden = false
  fill($('events'), [['step', 'what', 'when'], ...data.events.map(e => [whole(e.step), e.text, new Date(e.time).toLocaleString()])], true)
}
if (charts.length) {
  $('curves').hidden = false
  $('timed').hidden = !clock
  $('charts').append(...charts.map(c => c.box))
  drawAll()
  for (const id of ['log', 'seconds']) $(id).onchange = drawAll
  addEventListener('resize', drawAll)
}
if (data.moments) {
  $('past').hidden = false
  past.at = data.moments.length - 1
  $('time').max = past.at
  $('time').oninput = () => { play(false); past.at = +$('time').value; show() }
  $('play').onclick = () => play(!past.timer)
  show()
}
