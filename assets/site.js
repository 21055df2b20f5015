// Makes or uses a passkey for a form that asks for one, and puts the answer in its hidden field. Nothing else on any page
// needs script: without it the form's button stays hidden and the words beside it say what to do instead.
const canDo =
  typeof PublicKeyCredential === 'function' && 'parseRequestOptionsFromJSON' in PublicKeyCredential;

async function ask(form) {
  const options = JSON.parse(form.dataset.options);
  const credential =
    form.dataset.passkey === 'create'
      ? await navigator.credentials.create({
          publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
        })
      : await navigator.credentials.get({
          publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
        });
  return JSON.stringify(credential.toJSON());
}

function prepare(form) {
  const find = (name) => form.querySelector(`[data-${name}]`);
  find('without').hidden = true;
  find('use').hidden = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    find('failed').hidden = true;
    find('use').disabled = true;
    try {
      form.elements.namedItem('passkey').value = await ask(form);
      form.submit();
    } catch {
      find('failed').hidden = false;
      find('use').disabled = false;
    }
  });
}

if (canDo) for (const form of document.querySelectorAll('form[data-passkey]')) prepare(form);
