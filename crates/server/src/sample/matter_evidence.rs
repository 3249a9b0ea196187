//! Readings, notes and the engineer's opinion.

use super::SampleDocument;
use super::facts::{BREUER, ENGINEER, Facts, MARR, OKORO, OPINION_FEE, REPAIR, RUNNING, claimed};
use super::package::Properties;
use super::pdf::pdf;
use super::slides::{Slide, slides};
use super::text::{
    Block, euros, heading, item, lines, markdown, paragraph, row, subtitle, table, title,
};
use super::tree::{EVIDENCE, EXPERT, INTERNAL, single};
use super::word::word;

pub(super) fn documents(facts: Facts) -> Vec<SampleDocument> {
    let opinion = "Opinion on the roof of warehouse 7";
    let written = facts.opinion.at(17, 5);
    let chronology_name = "Chronology";
    let begun = facts.offer.at(14, 0);
    let chronology_as = |edited, whole| {
        word(
            &chronology(facts, whole),
            RUNNING,
            Properties {
                title: chronology_name,
                author: BREUER.name,
                created: begun,
                edited,
            },
        )
    };
    vec![
        single(
            EVIDENCE,
            "Moisture readings, bays B and C",
            "csv",
            "Nordkai Logistik",
            facts.opinion.at(8, 30),
            readings(facts),
        )
        .commented("Read every second day at eight in the morning, same six places"),
        single(
            EVIDENCE,
            "Note of the visit to the roof",
            "txt",
            OKORO.name,
            facts.visit.at(18, 15),
            visit(facts).into_bytes(),
        ),
        single(
            EXPERT,
            opinion,
            "pdf",
            ENGINEER.name,
            written,
            pdf(
                &opinion_text(facts),
                "Dachlabor Nord · Opinion 2217",
                Properties {
                    title: opinion,
                    author: ENGINEER.name,
                    created: written,
                    edited: written,
                },
            ),
        )
        .commented("Exhibit K 6"),
        single(
            EXPERT,
            "The roof in eight pictures",
            "pptx",
            ENGINEER.name,
            facts.opinion.at(17, 30),
            explained(facts),
        ),
        single(
            INTERNAL,
            chronology_name,
            "docx",
            BREUER.name,
            begun,
            chronology_as(begun, false),
        )
        .then(
            facts.order,
            "Claim and order added",
            chronology_as(facts.order.at(16, 20), true),
        ),
        single(
            INTERNAL,
            "Case review",
            "pptx",
            MARR.name,
            facts.defence.at(15, 0),
            review(facts),
        )
        .commented("For the meeting with Ms Voß; leave out slide 4 for the client"),
        single(
            INTERNAL,
            "Research, condensation as a defence",
            "md",
            OKORO.name,
            facts.reply.at(9, 20),
            markdown(&research(facts)),
        ),
    ]
}

/// Every second day from the water to the visit; the places in the wet bays
/// climb, the one in bay A stays dry.
fn readings(facts: Facts) -> Vec<u8> {
    let mut out = String::from("day,place,bay,moisture_percent,air_celsius\r\n");
    for (place, bay, start, climb) in [
        ("M1", "A", 41, 0),
        ("M2", "B", 96, 4),
        ("M3", "B", 118, 6),
        ("M4", "C", 124, 7),
        ("M5", "C", 109, 5),
        ("M6", "C", 72, 3),
    ] {
        for step in 0..22_i64 {
            let wobble = (step * 7 + start) % 5 - 2;
            let tenths = start + climb * step + wobble;
            let day = facts.water.plus(step * 2).iso();
            let air = 118 - step * 3 + wobble;
            out.push_str(&format!(
                "{day},{place},{bay},{}.{},{}.{}\r\n",
                tenths / 10,
                tenths % 10,
                air / 10,
                air % 10
            ));
        }
    }
    out.into_bytes()
}

fn visit(facts: Facts) -> String {
    format!(
        "Visit to the roof of warehouse 7, {}, 09:30 to 11:40\r\n\r\n\
         Present: Prof. Sörensen and an assistant, Ms Voß, D. Okoro. Castellan was invited for the same hour\r\n\
         (letter of {}), nobody came.\r\n\r\n\
         - Seam B/C: lifts by hand from the gutter up, 14.2 m measured. No weld visible over the first 3 m.\r\n\
         - Roof light 4: west flashing only glued. Glue brittle.\r\n\
         - Core K1 (bay C): insulation soaked through, water stood in the hole. Core K2 (bay A): dry.\r\n\
         - Aerial of the tenant: stands on slabs, 31 m away from the seam, membrane below it untouched.\r\n\
         - Photographs 1 to 46 by the assistant; on the way to us.\r\n\r\n\
         To do: ask for the test pieces of seams 11 and 14 (record of acceptance, no. 3). They were never\r\n\
         handed over.\r\n",
        facts.visit.long(),
        facts.visit.plus(-8).long()
    )
}

fn opinion_text(facts: Facts) -> Vec<Block> {
    vec![
        title("Opinion"),
        subtitle(format!(
            "Roof of warehouse 7, Kaistraße 41 · {}",
            facts.opinion.long()
        )),
        paragraph(format!(
            "Asked by Lindqvist Marr on behalf of Nordkai Logistik GmbH. I visited the roof on {}, opened it in two \
             places and tested six pieces of seam in the laboratory.",
            facts.visit.long()
        )),
        heading("1 What was asked"),
        item("Is the membrane laid as the contract and the rules of the trade require?"),
        item("Did water enter from above, or is it condensation?"),
        item("What does a lasting repair cost?"),
        heading("2 What was found"),
        paragraph(
            "A hot-air weld of this membrane must carry at least 150 N for each 50 mm. Four of six pieces did not. \
             Two came apart by hand; their faces are clean, which shows that they were never heated enough.",
        ),
        table(
            &[14, 30, 28, 28],
            &["Piece", "Place", "N for 50 mm", "Required"],
            vec![
                row(&["P1", "Bay A, seam 3", "212", "150"]),
                row(&["P2", "Bay B, seam 9", "164", "150"]),
                row(&["P3", "Bay B, seam 11", "38", "150"]),
                row(&["P4", "Bay B/C, seam 12", "0", "150"]),
                row(&["P5", "Bay B/C, seam 12", "0", "150"]),
                row(&["P6", "Bay C, seam 14", "71", "150"]),
            ],
        ),
        paragraph(
            "Condensation would wet the underside of the deck evenly, in bay A as well. Bay A is dry. The salts in \
             the water of core K1 are those of rain that has run over the gutter's zinc.",
        ),
        heading("3 What it costs"),
        paragraph(format!(
            "New membrane over bays B and C, new insulation over 310 m², flashings of roof light 4: {} net at the \
             prices of this quarter. Welding the seams again is no lasting repair, since the insulation stays wet.",
            euros(REPAIR)
        )),
        heading("4 Answer"),
        paragraph(
            "The works do not meet the contract or the rules of the trade. Rain entered from above.",
        ),
        paragraph(format!(
            "My fee is {}, travel included.",
            euros(OPINION_FEE)
        )),
        lines(&[
            "Prof. Dr. Mette Sörensen",
            "Chartered engineer for roofs and sealing",
        ]),
    ]
}

fn slide(heading: &str, points: &[&str]) -> Slide {
    Slide {
        heading: heading.to_owned(),
        points: points.iter().map(|point| (*point).to_owned()).collect(),
    }
}

fn explained(facts: Facts) -> Vec<u8> {
    let made = facts.opinion.at(17, 30);
    slides(
        &[
            slide(
                "The roof of warehouse 7",
                &["Opinion 2217, explained for the court", "Dachlabor Nord"],
            ),
            slide(
                "How such a roof is built",
                &[
                    "Steel deck",
                    "Vapour barrier",
                    "Insulation, 160 mm",
                    "Membrane, welded at every seam",
                ],
            ),
            slide(
                "What a good weld looks like",
                &[
                    "Torn, not peeled: the membrane fails before the seam",
                    "At least 150 N for each 50 mm",
                ],
            ),
            slide(
                "Seam 12, bays B and C",
                &[
                    "14.2 m open",
                    "Faces clean: never heated enough",
                    "0 N in both pieces",
                ],
            ),
            slide(
                "Roof light 4",
                &[
                    "West flashing glued, not welded",
                    "Glue brittle after one winter",
                ],
            ),
            slide(
                "Why it is not condensation",
                &[
                    "Bay A is dry, under the same air",
                    "Zinc salts in the water of core K1",
                    "Readings rise after each rain",
                ],
            ),
            slide(
                "The aerial",
                &[
                    "31 m from the seam",
                    "Stands on slabs",
                    "Membrane below it untouched",
                ],
            ),
            slide(
                "What must be done",
                &[
                    "New membrane over bays B and C",
                    "310 m² of new insulation",
                    "Welding again would seal the water in",
                ],
            ),
        ],
        Properties {
            title: "The roof in eight pictures",
            author: ENGINEER.name,
            created: made,
            edited: made,
        },
    )
}

fn review(facts: Facts) -> Vec<u8> {
    let case = facts.case();
    let made = facts.defence.at(15, 0);
    let sum = euros(claimed());
    slides(
        &[
            slide(
                "Nordkai ./. Castellan",
                &[
                    &format!("Case review, {}", facts.defence.long()),
                    "Matter 20417-003",
                ],
            ),
            slide(
                "Where we stand",
                &[
                    &format!("{sum} claimed, {case}"),
                    "Defence received today",
                    &format!("Hearing on {}", facts.hearing.long()),
                ],
            ),
            slide(
                "What they say",
                &[
                    "Nordkai chose the thinner membrane",
                    "Condensation",
                    "The tenant's aerial",
                    "Stock stood on the floor",
                ],
            ),
            slide(
                "Where we are weak",
                &[
                    "Accepted with seam tests 11 and 14 missing",
                    "Two bays of packaging stood below 12 cm",
                    "Guarantee covers a fifth of the loss",
                ],
            ),
            slide(
                "What we will do",
                &[
                    "Reply with core samples and zinc salts",
                    "Offer a visit of the roof",
                    "Call the guarantee only after the hearing",
                ],
            ),
            slide(
                "A settlement",
                &[
                    "Floor: repair and half of the stock",
                    "Ask for: repair, stock, opinion",
                    "Instalments are acceptable with security",
                ],
            ),
        ],
        Properties {
            title: "Case review",
            author: MARR.name,
            created: made,
            edited: made,
        },
    )
}

fn chronology(facts: Facts, whole: bool) -> Vec<Block> {
    let case = facts.case();
    let mut rows = Vec::new();
    let mut line = |day: String, what: &str, proof: &str| rows.push(row(&[&day, what, proof]));
    line(facts.contract.long(), "Works contract signed", "K 1");
    line(facts.addendum.long(), "Addendum 1: membrane FD 15", "K 2");
    line(
        facts.acceptance.long(),
        "Acceptance; seam tests 11 and 14 missing",
        "K 3",
    );
    line(
        facts.water.long(),
        "Water enters at seam 12 and roof light 4",
        "K 4",
    );
    line(facts.notice.long(), "Notice of defects, by courier", "K 5");
    line(facts.refusal.long(), "Castellan refuses", "K 7");
    if whole {
        line(
            facts.visit.long(),
            "Engineer on the roof; Castellan absent",
            "K 6",
        );
        line(facts.opinion.long(), "Opinion 2217", "K 6");
        line(
            facts.claim.long(),
            &format!("Claim filed, {case}"),
            "receipt",
        );
        line(facts.order.long(), "Order: dates and hearing", "order");
    }
    vec![
        title("Chronology"),
        subtitle("Matter 20417-003; kept by Jana Breuer"),
        table(&[24, 56, 20], &["Day", "What happened", "Proof"], rows),
    ]
}

fn research(facts: Facts) -> Vec<Block> {
    vec![
        title("Condensation as a defence"),
        subtitle(format!("D. Okoro, {}", facts.reply.long())),
        heading("Question"),
        paragraph(
            "Who must prove that the water is rain and not condensation, once the roof has been accepted?",
        ),
        heading("Short answer"),
        paragraph(
            "We must prove the defect after acceptance. The open seam is one whether or not rain came through; the \
             loss of stock needs more, namely that the water came that way.",
        ),
        heading("What we have"),
        item("Six pieces of seam, four below the required strength (K 6)."),
        item("Zinc salts in core K1; none in the hall's air filter."),
        item("Readings in bay A that never moved, in the same air (K 4)."),
        heading("Still to find"),
        item("The weather station's rain for the night, by the hour."),
        item("The hall's ventilation log. Ms Voß is asking the maintenance firm."),
    ]
}
