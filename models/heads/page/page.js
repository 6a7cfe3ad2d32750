
// A page of the attention maps of one text.

const data = JSON.parse(document.getElementById('data').textContent)
const view = new Maps('h1')
document.querySelector('main').append(view.box)
view.show(data)
document.getElementById('about').textContent = Object.entries(data.about || {}).filter(([key]) => key !== 'Title').map(([key, value]) => key + ': ' + value).join('  ·  ')
onkeydown = e => view.key(e)
