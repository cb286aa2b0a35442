'use strict';
// reading needs none of this: it sorts and filters tables that are long
document.querySelectorAll('table[data-long]').forEach(function (table) {
  var bodies = Array.prototype.slice.call(table.tBodies);
  var caption = table.parentNode.querySelector('figcaption');
  var label = document.createElement('label');
  var input = document.createElement('input');
  input.type = 'search';
  label.className = 'filter';
  label.textContent = 'Filter ';
  label.appendChild(input);
  caption.appendChild(label);
  input.addEventListener('input', function () {
    var wanted = input.value.toLowerCase();
    bodies.forEach(function (body) {
      body.hidden = wanted !== '' && body.textContent.toLowerCase().indexOf(wanted) < 0;
    });
  });
  Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
    var button = document.createElement('button');
    var down = false;
    while (head.firstChild) button.appendChild(head.firstChild);
    button.type = 'button';
    head.appendChild(button);
    button.addEventListener('click', function () {
      var key = function (body) {
        var cell = body.rows[0].cells[column];
        var data = cell.querySelector('data');
        return data ? Number(data.value) : cell.textContent;
      };
      bodies.sort(function (a, b) {
        var x = key(a), y = key(b);
        return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
      });
      bodies.forEach(function (body) { table.appendChild(body); });
      Array.prototype.forEach.call(table.tHead.rows[0].cells, function (other) { other.removeAttribute('aria-sort'); });
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      down = !down;
    });
  });
});
