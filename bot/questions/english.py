"""English words that are a slip away from words with a meaning here, and that are no slip.

"A crash" is no cash, an extension no expansion. A question with such a word is not understood, rather than
read as another one. Singular, as `text.lemma` makes them.
"""

_WORDS = """
    abode abort activate actively addressed adieu agile ail air alien alter ample anchor angel anger angle
    apple area arena arise armed army arrive arson ash aspen asset attempted attention attribution avenge
    avenue bail bake ball band bang bark barn baron barter base basis basket bat bay beach bead beak beam
    bean bear beard beast beat beef beer begin bell bench bend bent beverage bind birth bite black blame
    blank blast blend bless blind block blocking blood blouse blow board boat bold bolt bomb bond bone
    bonus boot bore boring born boss bottle bound bounded bowl brain branch brand brave breach bread brick
    bride bridge bright broad broke broken broom brother brown brush budget building bulk bull bunch
    bundle bunk burden burner burst bush butter button cable cage cake calf caller calm came camel camp
    campus candle candy canoe cape captain carbon care career careful carpet carry cart carve cast castle
    cattle caught cause cave cease cell centre chain chaining chair chamber chance channel chapter charger
    charm charter chase cheap cheat cheese cherry chess chest chew chief chin choice choosing chop chore
    chorus chose church circle cite citizen civil claim clam clan class clay clean clear clerk clever
    cliff climate clinic clip cloak clock clone cloned cloning closer cloth cloud clown club clue coach
    coast coat coded coding coffee coin cold collar collecting collective collector coloring colour column
    comb combine comet comfort common commonly comp compact compass competition compiled compiling
    complain complying composed computed computing concerned connected connection consented constant
    construct constructed construction contacted contradict contrary contrast convention converter
    conveyed cook cookie cooky cool cope copper copy core corn corner correct corrected correction costume
    cotton couch cough counter county couple courage course court cousin cover coverage cow crab crack
    craft crane crash crawl crazy cream creation creative creek crew cricket crime crisi crop cross crowd
    crown cruel cruise crunch crush cry culture curl currant cushion custom customary dairy damage dance
    dancer danger dark darling dash date dated dawn day dead dean dear debate debt decade decay decent
    decide deck declared deep deer defeat defend define degree delay delegate deleted delight demand dense
    dental deny depart depend depth derive desert deserve desire desk detailed detect devil devote dial
    dialog diamond diary diet different dinner directed directly dirt dirty discover discovered dish
    displayed divide doctor dollhouse donate donor door dose dot doubt downloaded downloading dozen draft
    drag drain drama draw dream dress drift drill drink drive driver drum dual duck duke dull dust duty
    eager eagle early earth ease easily east echo efficient efficiently eighth elder elect else embark
    emit empire employ empty enable enact encoding enemy energy engage engine enjoy enough entirely
    entirety envy episode equity escape estate evaluation even event evil exact exam exceeded excess
    excluded excuse executed executing execution exercise exhaust exit exotic expensive explain exported
    exporting exposing extended extending extension extent fable fabric fact factor fade fair faith fake
    false fame family famous fancy fare farm farmer fate father fault favour fear feast feather feed fence
    ferry fever fiction fiddle field fierce fig fight file fill filled filling film filter final finance
    fine finger fired fireman firm fish fist fix fixed flag flame flash flat flavour flaw flee fleece
    flesh float flock flood flour flower fluid flyer foam focus fold folder fond food fool foot force
    forest forget fork form formal fort fossil foul found fractional frame fraud freed freeze friend frost
    fruit fuel full function fund funny furnished furniture galaxy gallery gamble game garage garden gate
    gather gear generator gentle ghost giant gift girl given glad glass globe gloom glory glove glow glue
    goal goat gold goose grace grade grained grass grave gravity great greed green greet grief grill grip
    grocery gross grouping guard guess guest guide guilt guitar habit hair halo halt hammer handed handle
    handler handy hang harbor hard hare harm harsh hatch hate haul hawk hazard head heal health heap heart
    heat heaven heavy hedge height held helmet herb hero hidden hill hint hire historic hobby hockey
    hollow holy honest honey honor hood hook hope horizon horn horror horse hospital host hotel hour house
    hover human humble humor hungry hunt hurdle hurry hurt husband ideal idle idol ignored image impact
    importance importantly importing impose inch index infant inform informative inject injury inner
    insect inserted inside inspire integral interior internal intro invent invest invite invoking involved
    iron island issuer ivory jacket jail jaw jazz jelly jewel joint journal journey judge juice jump
    jungle junior junk jury keen keep keeping kettle key kick kidney kill kingdom kiss kitchen kite knee
    knife knock known ladder lady lake lamb lamp lane large laser later latin laugh launched laundry lava
    lawn lawyer layer lazy leaf leak leaking learn learner leather leaving lecture legal legend lemon len
    lend leopard lesson letter lettuce lever leverage liar liberty library licensed licensee licensor lick
    lift light limb link lint lion liquid lite lizard loading loan lobby lobster local locate lock locked
    locking lodge logger logic lonely loop loud lounge lover loyal luck lucky lumber lunar lunch lung
    luxury machine macro magic magnet maid main major male mammal manner mansion maple marble march marine
    market marking marriage marsh mart mask mass master match mayor meadow meal meant meat medal media
    melody melon melt member memory menace mend mental mentor menu mercy mere merged mess metal middle
    mild mile milk mill mind mine minor mirror misery mist mixture mode model modern modest moment monkey
    moon moral mother motion motor mount mountain mouse mouth muscle museum music must mutual mystery myth
    naive nasty national nature navy near neat neck needle nephew nerve nest newer nice night noble noise
    noon north nose notation notice notion novel numbered nurse oak oasi ocean offense older olive onion
    opera orange orbit orchard organ origin orphan outcome outfit outgoing outlet oven overdo overdose
    overridden overwrite owning oyster pace packaged pact paddle page pager pail pain paint pair palace
    pale palm panel panic pant paper parade parent park parrot parse parsed parsing part party pass passed
    passing pasta paste patch path patient patrol pave pavement peace peach peak peanut pear pearl pearly
    pencil pepper perfect permit personal petal phrase piano pickle picnic picture pigeon pill pilot pink
    pioneer pipe pirate pistol pitch pizza place plague plain plane planet planner planning plant plastic
    plate player plead pleasant plug plum pocket poet poison polar pole police polite poll pond pony pool
    poor populate porch port portion pose position pot potato potentially pottery pouch powder power
    praise pray prayer preach predicate prepend pretty previously pride priest prime prince principal
    principle prison prize processed produce produced producer production profiler promoting promotional
    prone proof proper proposed protect protected protection proud prove public pudding pulse pump punch
    pupil puppet purple purse push puzzle quack quail queen quest queued quiet quilt quite quota rabbit
    race racket radar radio raft rage rail rain raise raising ramp ranch rank rapid rare raven razor read
    realm rebel rebound recall receiver recorded recording recover referring refined reflected reform
    refuse region registry regret reign rejection relating relation relatively relax relied relief relish
    rely remedy remote removed renamed renaming rendering repeated replaced replay replayed reported
    reporter requested requiring rescue reserved resolver rest result resulted retail retrying reveal
    revenge reverse review revive reward rewind rhythm ribbon rice rich ride ridge rifle ring ripe risk
    ritual rival river roach road roast robot rock rocket roof room root rope rough round rounding royal
    rubber ruby ruin rural rush rust sack sacred sadness safe saint sake salad salt sand sane satin sauce
    saucer sausage save scale scan scanning scare scarf scene scent scheduler school science scold scooter
    scope scorn scout scream screen screw scripted scrub sculpture seal search season seed seldom selected
    selector sending senior sense serve settle severe shade shadow shake shallow shame shape shar shared
    shark sharp shed sheep shell shelter shield shift shine ship shirt shock shoe shop shore short shout
    shovel shower shown shrimp sibling sick siege sight silent silk silly silver simple singer sink sister
    site sized sketch skill skin skirt skull sleep slice slide slim slip slow small smart smell smile
    smoke smooth snack snail snake sneak snow soap soccer social sock socket soda soft soil sold soldier
    sole solid sorrow sorry soul sound soup south space spare spark speak speaking spear speeding spell
    spelling spent spice spider spike spill spin spine spirit splendid spoil spoon sport spot spray spring
    spy squad square squeeze stable stack staff stain stair stale stamp star stare starting stated statue
    stay stdio steak steal steam steel steep stem stew stick stiff sting stir stomach stone stool store
    storm story stove strand strange straw stream street stress strict strike string strip stripped stroke
    strong stuck student study stuff stupid style subscribe subtle suburb successfully successor sudden
    suffer sugar suit summer sunny sunset super supper supply supported surf surge sushi swallow swamp
    swan swap swarm sway swear sweat sweet swift swim swing swish switch sword symbol syrup systemd tackle
    tail taken tale talent talking tank tape target taste tasty taught teach teacher team tear tease
    temper temple tenant tend tenni tent thead theft theme theory thick thicket thief thin thing think
    thorn though threaded threading three thrill throat throne throw thumb thus tickle tide tidy tied
    tiger tight tile till timber timed timer timezone tiny tired tissue title toad toast toilet toll
    tomato tone tongue tool tooth torch torn tornado tortoise touch tough tour towel tower town toy trace
    tracking trade trader trailer trailing train trait transform transition translated translation
    translator trap trash tray treasure treat treating tree tremble tribe trick trim trip triumph tropical
    trouble truck truly trumpet truncated trunk trust truth tumble tuna tunnel turn turner turtle tutor
    twelve twin twist typed typically typo ugly ultimately uncle unfair uniform union unique unit unity
    unpaired updated uploaded uploading upper upset urban urge useful usual vacant valley vanish vapor
    variance vase vast vault vegan velvet vendor venom venue verb verse vessel veteran victim video view
    villa village vine violin virus visa vision visit vital vivid vocal voice void volcano vote voyage
    wage wagon waist wait waited waiter walk wall wallet walnut wander warm warn wash wasp waste wasted
    water wave weapon wear weasel weave wedding weed weep west whale wheat wheel while whip whisper
    whistle white wicket wide width wild wind window wine wing winner winter wire wisdom wish witch wolf
    woman wood wool word world worm worry worse wound wrap wreck wrist writer writing wrote yacht yard
    yarn yearn yell yellow yield young youth zebra
"""
NO_SLIPS = frozenset(_WORDS.split())

SLIPS = {
    "trail": "trial",
    "ystrdy": "yesterday",
    "lst": "last",
    "tmrw": "tomorrow",
    "conv": "conversion",
    "convs": "conversion",
    "resp": "response",
    "pct": "percent",
    "costumer": "customer",
    "moth": "month",
    "payed": "paid",
    "loose": "lose",
    "loosing": "losing",
    "loss": "lost",
    "losse": "lost",
    "quater": "quarter",
    "recuring": "recurring",
    "anual": "annual",
    "subcription": "subscription",
}
"""Slips that are words themselves, or too far from what was meant: what people mean by them."""
