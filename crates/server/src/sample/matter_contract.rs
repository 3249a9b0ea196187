//! The works contract and what belongs to it.

use super::SampleDocument;
use super::facts::{Facts, MARR, OKORO, PRICE, RUNNING};
use super::package::Properties;
use super::pdf::pdf;
use super::text::{Block, euros, heading, item, lines, paragraph, row, subtitle, table, title};
use super::tree::{CONTRACT, single};
use super::word::word;

pub(super) fn documents(facts: Facts) -> Vec<SampleDocument> {
    let signed = facts.contract.at(10, 0);
    let changed = facts.addendum.at(11, 30);
    let accepted = facts.acceptance.at(15, 10);
    let properties = |title, author, created, edited| Properties {
        title,
        author,
        created,
        edited,
    };
    let contract = "Works contract, roof of warehouse 7";
    let addendum = "Addendum 1, change of membrane";
    let record = "Record of acceptance, warehouse 7";
    let guarantee = "Warranty guarantee 88-4471";
    let reviewed = facts.addendum.at(16, 20);
    vec![
        single(
            CONTRACT,
            contract,
            "docx",
            MARR.name,
            signed,
            word(
                &works_contract(facts),
                RUNNING,
                properties(contract, MARR.name, signed, signed),
            ),
        )
        .commented("Signed copy; the paper original is with the client"),
        single(
            CONTRACT,
            addendum,
            "docx",
            OKORO.name,
            changed,
            word(
                &addendum_text(facts, false),
                RUNNING,
                properties(addendum, OKORO.name, changed, changed),
            ),
        )
        .then(
            facts.addendum,
            "Price and warranty as agreed by telephone",
            word(
                &addendum_text(facts, true),
                RUNNING,
                properties(addendum, OKORO.name, changed, reviewed),
            ),
        ),
        single(
            CONTRACT,
            record,
            "pdf",
            "Henrike Voß",
            accepted,
            pdf(
                &acceptance(facts),
                "Castellan Dachbau AG · Project 7-118",
                properties(record, "Castellan Dachbau AG", accepted, accepted),
            ),
        ),
        single(
            CONTRACT,
            guarantee,
            "pdf",
            "Hof Yam Insurance",
            facts.acceptance.at(16, 0),
            pdf(
                &guarantee_text(facts),
                "Hof Yam Insurance Ltd · Surety department",
                properties(guarantee, "Hof Yam Insurance Ltd", accepted, accepted),
            ),
        ),
    ]
}

fn works_contract(facts: Facts) -> Vec<Block> {
    let mut blocks = vec![
        title("Works contract"),
        subtitle(format!(
            "Renewal of the roof of warehouse 7 · {}",
            facts.contract.long()
        )),
        paragraph(
            "between Nordkai Logistik GmbH, Kaistraße 41, Hamburg (the employer), \
             Castellan Dachbau AG, Am Ziegelhof 9, Lüneburg (the contractor), \
             and Hof Yam Insurance Ltd, חוף ים ביטוח, Haifa (the guarantor).",
        ),
        heading("§ 1 The works"),
        paragraph(
            "The contractor removes the existing bitumen covering of warehouse 7 (4,180 m²) and lays a new \
             single-ply membrane with thermal insulation, flashings, roof lights and drainage. The works follow \
             the specification in Annex A and the recognised rules of the trade at the time of acceptance.",
        ),
        heading("§ 2 Price"),
        paragraph(format!(
            "The fixed price is {} net. Additional works are paid only where the employer ordered them in writing \
             before they began.",
            euros(PRICE)
        )),
        table(
            &[10, 60, 30],
            &["No.", "Stage", "Share of the price"],
            vec![
                row(&["1", "Site set up, old covering removed", "20 %"]),
                row(&["2", "Insulation laid, bays A to C", "30 %"]),
                row(&["3", "Membrane and flashings complete", "35 %"]),
                row(&["4", "Acceptance without substantial defects", "15 %"]),
            ],
        ),
    ];
    for (head, text) in [
        (
            "§ 3 Time",
            "The works begin within three weeks of signature and are complete within 22 weeks. Days on which work \
             on an open roof is impossible because of the weather are added, where they are entered in the site diary.",
        ),
        (
            "§ 4 Acceptance",
            "Acceptance takes place on site and is recorded in writing. The employer may refuse it only because of \
             substantial defects. Putting the hall to use is not acceptance.",
        ),
        (
            "§ 5 Defects",
            "The contractor is liable for defects for five years from acceptance. The contractor puts a notified \
             defect right within a reasonable time, at its own cost. When that time has passed without result, the \
             employer may put the defect right itself and claim the cost and an advance on it.",
        ),
        (
            "§ 6 Damage that follows",
            "Where water enters the hall because of a defect, the contractor also bears the loss of goods stored \
             there and the loss of use, unless it is not answerable for the defect. Goods stand at least 12 cm \
             above the floor.",
        ),
        (
            "§ 7 Security",
            "The contractor hands over a guarantee of five percent of the price for the warranty period. The \
             guarantor pays at first demand in writing, up to that amount.",
        ),
        (
            "§ 8 Final",
            "Changes need the written form; so does a change of this clause. The courts of Hamburg have \
             jurisdiction. If one clause is void the others stand.",
        ),
    ] {
        blocks.push(heading(head));
        blocks.push(paragraph(text));
    }
    blocks.push(lines(&[
        "For Nordkai Logistik GmbH: H. Voß, T. Brandt",
        "For Castellan Dachbau AG: R. Castellan",
        "For Hof Yam Insurance Ltd: D. Aharoni",
    ]));
    blocks
}

fn addendum_text(facts: Facts, agreed: bool) -> Vec<Block> {
    let mut blocks = vec![
        title("Addendum 1 to the works contract"),
        subtitle(format!("Warehouse 7 · {}", facts.addendum.long())),
        paragraph(format!(
            "The parties to the works contract of {} change it as follows.",
            facts.contract.long()
        )),
        item(
            "In place of the membrane named in Annex A (1.8 mm) the contractor lays the type FD 15 (1.5 mm).",
        ),
        item(
            "The seams are welded with hot air; test pieces are cut every 100 m of seam and kept.",
        ),
    ];
    if agreed {
        blocks.push(item(format!(
            "The price falls by {} net. The rest of § 2 stands.",
            euros(2_830_000)
        )));
        blocks.push(item("The warranty of § 5 is unchanged. The contractor confirms that FD 15 is suited to the roof."));
    } else {
        blocks.push(item("The price falls by an amount still to be agreed."));
    }
    blocks.push(lines(&["Nordkai Logistik GmbH", "Castellan Dachbau AG"]));
    blocks
}

fn acceptance(facts: Facts) -> Vec<Block> {
    vec![
        title("Record of acceptance"),
        subtitle(format!(
            "Warehouse 7, Kaistraße 41 · {}",
            facts.acceptance.long()
        )),
        paragraph(
            "Present: Ms Voß and Mr Brandt for the employer, Mr Castellan and Mr Rehm for the contractor. The roof \
             was walked from bay A to bay C between 13:15 and 14:50. It was dry, 11 °C, light wind.",
        ),
        table(
            &[12, 58, 30],
            &["No.", "Noted", "To be done by"],
            vec![
                row(&["1", "Roof light 4, bay B: frame scratched", "four weeks"]),
                row(&["2", "Gutter east: swarf to be removed", "one week"]),
                row(&[
                    "3",
                    "Seam tests 11 and 14: pieces not yet handed over",
                    "two weeks",
                ]),
            ],
        ),
        paragraph(
            "The works are accepted. The employer keeps its rights because of the points above. The warranty \
             period begins today.",
        ),
        lines(&["H. Voß", "R. Castellan"]),
    ]
}

fn guarantee_text(facts: Facts) -> Vec<Block> {
    vec![
        title("Warranty guarantee 88-4471"),
        subtitle(facts.acceptance.long()),
        paragraph(format!(
            "By the works contract of {} Castellan Dachbau AG took on the renewal of the roof of warehouse 7 for \
             Nordkai Logistik GmbH. Under § 7 it owes a security for its liability for defects.",
            facts.contract.long()
        )),
        paragraph(format!(
            "We guarantee that liability up to {} and pay at first demand in writing. We waive the objections that \
             the debtor could set aside the contract or set off a claim, save where its claim is undisputed or \
             has been established by a judgment that is final.",
            euros(PRICE / 20)
        )),
        paragraph(
            "The guarantee ends when this document is handed back to us, at the latest five years from today.",
        ),
        lines(&["Hof Yam Insurance Ltd", "Surety department", "D. Aharoni"]),
    ]
}
