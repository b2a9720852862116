/** Words of research, the most frequent first: texts take them by Zipf's law. */
const KNOWN =
  `the of and in to a is that for with as on by from at this which are be was energy system research model data
  study results high low rate time effect structure temperature method water surface growth analysis cell material field
  pressure carbon battery climate ocean signal protein network theory measurement quantum solar current wave heat light
  mass density reaction membrane sediment tide fusion reactor plasma neutron isotope lithium electrolyte cathode anode
  catalyst enzyme genome neuron cortex synapse memory language market policy inflation poverty migration harvest soil
  nitrogen drought monsoon glacier permafrost albedo aerosol ozone stratosphere satellite orbit galaxy quasar pulsar
  gravity relativity entropy boson lattice superconductor semiconductor transistor photon laser interferometer telescope
  vaccine antibody pathogen epidemic antibiotic resistance tumour immunotherapy insulin placebo trial cohort statistics
  regression inference causality bayesian simulation algorithm encryption compiler parallel distributed consensus archive
  manuscript dialect grammar phoneme archaeology pottery viking medieval renaissance cathedral fresco sonata counterpoint`
    .split(/\s+/)
    .filter(Boolean);

const BEGINNINGS = `electro thermo hydro photo bio geo neuro cardio micro nano macro cryo magneto aero litho chromo cyto
  immuno socio psycho astro chrono ferro piezo spectro xeno paleo ethno theo crypto`.split(/\s+/);
const MIDDLES =
  `gen log graph phil morph trop met stat dynam kinet plast phob lyt scop crin phor chrom derm path`.split(' ');
const ENDINGS = `ic ics ical y ous ation ism ist itis ine oid ure ence able`.split(' ');

/** Every word, the most frequent first; the last ones occur in a few texts of a million. */
export const WORDS = [
  ...KNOWN,
  ...BEGINNINGS.flatMap((one) => MIDDLES.flatMap((two) => ENDINGS.map((three) => one + two + three))),
];
