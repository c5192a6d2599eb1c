/**
 * British spelling as American, so that either is right. OpenAI's list has 1,700 single words
 * (openai/whisper `whisper/normalizers/english.json`, after https://www.tysto.com/uk-us-spelling-list.html); these are
 * the families behind it, written as stems, and what belongs to no family.
 */

/** `colour`, `colours`, `colourful` … */
const OUR =
  "arbour ardour armour behaviour candour clamour colour demeanour discolour dishonour enamour endeavour favour fervour flavour harbour honour humour labour neighbour odour parlour rancour rigour rumour saviour savour splendour succour tumour valour vapour vigour watercolour";

/** `realise`, `realised`, `realisation` … */
const ISE =
  "actual agon amort antagon apolog author autom brutal canon capital categor central character civil colon commercial computer criminal critic crystal custom decentral democrat demoral digital dramat econom emphas energ equal epitom euthan extern factor famil familiar fantas fertil final formal fossil general global hospital human hypnot hypothes ideal immun individual industrial initial institutional internal international ital item jeopard legal legitim liberal local magnet marginal material maxim mechan memor mesmer minim mobil modern monopol moral national natural neutral normal optim organ ostrac oxid penal personal plagiar polar popular pressur prior privat public pulver radical random rational real recogn reorgan revital revolution romantic satir scrutin serial sexual social special stabil standard steril stigmat subsid summar symbol sympath synchron synthes system tantal terror theor traumat trivial unrecogn urban util vandal vapor verbal victim visual vital vocal";

/** `centre`, `centres`, `centred` */
const RE =
  "calibre centimetre centre fibre goitre kilometre litre louvre lustre meagre metre millilitre millimetre mitre ochre reconnoitre sabre sceptre sepulchre sombre spectre theatre titre";

/** `travelled`, `traveller`, `travelling` */
const DOUBLED_L =
  "barrel bevel cancel carol channel chisel counsel cudgel dial drivel duel enamel equal fuel funnel gambol gravel grovel initial jewel kennel label laurel level libel marshal marvel model panel parcel pedal pencil pummel quarrel ravel refuel revel rival shovel shrivel signal snivel spiral squirrel stencil swivel symbol tinsel total towel travel trowel tunnel unravel yodel";

/** Stems in which Latin's diphthongs are kept. */
const DIPHTHONGS =
  "anaemi:anemi anaesthe:anesthe archaeolog:archeolog caesarean:cesarean diarrhoea:diarrhea encyclopaedi:encyclopedi faec:fec foet:fet gynaecolog:gynecolog haemo:hemo haemato:hemato homoeopath:homeopath leukaemi:leukemi mediaeval:medieval oedema:edema oesophag:esophag oestrogen:estrogen orthopaedic:orthopedic paediatric:pediatric paedophil:pedophil palaeo:paleo toxaemi:toxemi";

const SINGLE =
  "acknowledgement:acknowledgment aeroplane:airplane ageing:aging aluminium:aluminum analogue:analog analyse:analyze analysed:analyzed analyser:analyzer analysing:analyzing appal:appall artefact:artifact axe:ax cancelation:cancellation catalogue:catalog catalyse:catalyze cheque:check chequered:checkered chilli:chili cosy:cozy defence:defense defenceless:defenseless disc:disk distil:distill draught:draft draughty:drafty enrol:enroll enrolment:enrollment enthral:enthrall fulfil:fulfill fulfilment:fulfillment furore:furor grey:gray greyish:grayish greys:grays instal:install instalment:installment instil:instill jewellery:jewelry judgement:judgment kerb:curb licence:license licences:licenses likeable:likable liveable:livable manoeuvre:maneuver manoeuvred:maneuvered manoeuvres:maneuvers manoeuvring:maneuvering marvellous:marvelous mould:mold mouldy:moldy moult:molt moustache:mustache mum:mom naught:nought offence:offense offences:offenses paralyse:paralyze paralysed:paralyzed paralysing:paralyzing plough:plow ploughed:plowed ploughing:plowing practise:practice practised:practiced practising:practicing pretence:pretense programme:program programmes:programs pyjamas:pajamas sceptic:skeptic sceptical:skeptical scepticism:skepticism skilful:skillful skilfully:skillfully smoulder:smolder smouldering:smoldering storey:story storeys:stories sulphur:sulfur tranquillity:tranquility tyre:tire tyres:tires unskilful:unskillful wilful:willful wilfully:willfully woollen:woolen woolly:wooly yoghurt:yogurt";

const pairs = (/** @type {string} */ list) => list.split(" ").map((pair) => pair.split(":"));
const oneOf = (/** @type {string} */ list) => list.split(" ").join("|");

/** @type {Map<string, string>} */
const WORDS = new Map(pairs(SINGLE).map(([from, to]) => [String(from), String(to)]));

/** @type {[RegExp, string][]} */
const FAMILIES = [
  [new RegExp(`^(${oneOf(OUR.replaceAll(/our\b/g, ""))})our(?!age)`), "$1or"],
  [new RegExp(`^((?:de|dis|re|un|over)?(?:${oneOf(ISE)}))is(e|ed|es|er|ers|ing|able|ation|ations|ational)$`), "$1iz$2"],
  [new RegExp(`^(${oneOf(RE.replaceAll(/re\b/g, ""))})re(s|d)?$`), "$1er$2"],
  [new RegExp(`^(${oneOf(DOUBLED_L)})l(ed|er|ers|ing|ings|or|ors|ous)$`), "$1$2"],
  ...pairs(DIPHTHONGS).map(([from, to]) => /** @type {[RegExp, string]} */ ([new RegExp(`^${from}`), String(to)])),
];

/** @param {string} text words apart by spaces, lower case */
export function americanSpelling(text) {
  return text.split(" ").map(spell).join(" ");
}

/** @param {string} word */
function spell(word) {
  const known = WORDS.get(word);
  if (known !== undefined) return known;
  const family = FAMILIES.find(([pattern]) => pattern.test(word));
  return family ? word.replace(...family) : word;
}
