//! What was filed, and the draft of what will be.

use super::SampleDocument;
use super::excel::{Cell, Sheet, excel, heads, text};
use super::facts::{
    BREUER, Facts, LOSS_OF_USE, MARR, OKORO, OPINION_FEE, PELL, REPAIR, RUNNING, claimed, stock,
};
use super::package::Properties;
use super::pdf::pdf;
use super::text::{Block, euros, heading, item, lines, paragraph, row, subtitle, table, title};
use super::tree::{EXHIBITS, PLEADINGS, single};
use super::word::word;

/// How far the statement of claim had got.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Outline,
    Draft,
    Filed,
}

pub(super) fn documents(facts: Facts) -> Vec<SampleDocument> {
    let claim = "Statement of claim";
    let begun = facts.opinion.at(10, 0);
    let filed = facts.claim.at(13, 20);
    let properties = |title, author, created, edited| Properties {
        title,
        author,
        created,
        edited,
    };
    let claim_at = |stage, edited| {
        word(
            &statement(facts, stage),
            RUNNING,
            properties(claim, OKORO.name, begun, edited),
        )
    };
    let defence = "Statement of defence";
    let received = facts.defence.at(11, 12);
    let reply = "Reply to the defence, draft";
    let drafted = facts.reply.at(10, 45);
    vec![
        single(
            PLEADINGS,
            claim,
            "docx",
            OKORO.name,
            begun,
            claim_at(Stage::Outline, begun),
        )
        .then(
            facts.calendar.day(55),
            "Full draft, for I. Marr",
            claim_at(Stage::Draft, facts.calendar.day(55).at(16, 20)),
        )
        .then(facts.claim, "As filed", claim_at(Stage::Filed, filed)),
        single(
            PLEADINGS,
            format!("{claim}, as filed"),
            "pdf",
            MARR.name,
            filed,
            pdf(
                &statement(facts, Stage::Filed),
                RUNNING,
                properties(claim, MARR.name, begun, filed),
            ),
        )
        .commented("Filed electronically at 13:47"),
        single(
            PLEADINGS,
            defence,
            "pdf",
            PELL.name,
            received,
            pdf(
                &defence_text(facts),
                "Pell & Partner · 1187",
                properties(defence, PELL.name, received, received),
            ),
        ),
        single(
            PLEADINGS,
            reply,
            "docx",
            OKORO.name,
            drafted,
            word(
                &reply_text(facts),
                RUNNING,
                properties(reply, OKORO.name, drafted, drafted),
            ),
        )
        .commented("Section 3 waits for the rain data"),
        single(
            EXHIBITS,
            "List of exhibits",
            "xlsx",
            BREUER.name,
            facts.claim.at(9, 0),
            exhibits(facts),
        ),
    ]
}

fn statement(facts: Facts, stage: Stage) -> Vec<Block> {
    let mut blocks = vec![
        title("Statement of claim"),
        subtitle(if stage == Stage::Filed {
            format!(
                "To the Landgericht, 14th civil chamber · {}",
                facts.claim.long()
            )
        } else {
            "Draft".to_owned()
        }),
        lines(&[
            "Nordkai Logistik GmbH, Kaistraße 41, Hamburg – claimant –",
            "Counsel: Lindqvist Marr",
            "./.",
            "Castellan Dachbau AG, Am Ziegelhof 9, Lüneburg – defendant –",
        ]),
        heading("What is asked"),
        item(format!(
            "The defendant pays the claimant {} with interest at nine percentage points above the base rate since \
             service.",
            euros(claimed())
        )),
        item(
            "The court finds that the defendant owes the further damage from the defects of the roof of warehouse 7.",
        ),
        heading("1 The contract"),
        paragraph(format!(
            "By contract of {} the defendant took on the renewal of the roof of warehouse 7 (K 1). By addendum of {} \
             the parties agreed on the membrane FD 15; the defendant confirmed that it is suited to the roof (K 2).",
            facts.contract.long(),
            facts.addendum.long()
        )),
    ];
    if stage >= Stage::Draft {
        blocks.extend([
            heading("2 The defects"),
            paragraph(format!(
                "On {} water entered the hall through seam 12 and at roof light 4 (K 4). Seam 12 is open over \
                 14.2 m. Four of six pieces of seam do not reach the strength required (K 6).",
                facts.water.long()
            )),
            heading("3 The time that was set"),
            paragraph(format!(
                "The claimant notified the defects on {} and set a time until {} (K 5). The defendant refused on {} \
                 (K 7). No further time was needed.",
                facts.notice.long(),
                facts.notice.plus(21).long(),
                facts.refusal.long()
            )),
        ]);
    } else {
        blocks.push(paragraph(
            "Sections 2 to 4 to follow when the opinion is here.",
        ));
    }
    if stage == Stage::Filed {
        blocks.extend([
            heading("4 The damage"),
            table(
                &[55, 15, 30],
                &["Item", "Proof", "Amount"],
                vec![
                    row(&["New membrane, insulation, flashings", "K 6", &euros(REPAIR)]),
                    row(&["Stock spoiled, 162 pallets", "K 8", &euros(stock())]),
                    row(&["Half of the hall out of use, three weeks", "K 9", &euros(LOSS_OF_USE)]),
                    row(&["Fee of the engineer", "K 6", &euros(OPINION_FEE)]),
                    row(&["Sum", "", &euros(claimed())]),
                ],
            ),
            paragraph(
                "The goods stood on pallets (14.4 cm). That two bays of packaging stood on boards of 10 cm did not \
                 add to the damage: the water came from above.",
            ),
            lines(&["Lindqvist Marr", "Ilse Marr", "Daniel Okoro"]),
        ]);
    }
    blocks
}

fn defence_text(facts: Facts) -> Vec<Block> {
    let case = facts.case();
    vec![
        title("Statement of defence"),
        subtitle(format!("{case} · {}", facts.defence.long())),
        paragraph("For the defendant we ask that the claim be dismissed."),
        heading("I The choice of membrane"),
        paragraph(
            "The claimant, itself versed in building, wished for the membrane FD 15 because it is cheaper. The \
             defendant pointed out by telephone that it lies less flat. Witness: Mr Rehm.",
        ),
        heading("II No water from above"),
        paragraph(
            "The hall is not heated and is opened for lorries 60 times a day. Moisture in such a hall is \
             condensation. The opinion K 6 is a party's own statement; the defendant disputes where its pieces of \
             seam were cut. Evidence: opinion of an expert appointed by the court.",
        ),
        heading("III The aerial"),
        paragraph(
            "In spring the claimant let others walk on the roof to put up an aerial, and did not say so.",
        ),
        heading("IV The damage"),
        paragraph(
            "The list of stock is disputed, as are the prices in it. Packaging stood lower than § 6 of the contract \
             allows. Half of the hall was used as a store for empty pallets and could not be out of use.",
        ),
        lines(&["Pell & Partner", "Dr. Armin Pell"]),
    ]
}

fn reply_text(facts: Facts) -> Vec<Block> {
    let case = facts.case();
    vec![
        title("Reply to the defence"),
        subtitle(format!("{case} · draft of {}", facts.reply.long())),
        heading("1 On the membrane"),
        paragraph(
            "It makes no difference who wished for FD 15. The seams failed, not the sheets. A membrane that is \
             heated enough holds, as piece P1 shows (212 N, K 6).",
        ),
        heading("2 On condensation"),
        paragraph(
            "Bay A lies under the same air and is dry. The water of core K1 holds zinc salts, which come from the \
             gutter and not from the air.",
        ),
        heading("3 On the rain of that night"),
        paragraph("[Rain by the hour, weather station Altenwerder – still to come]"),
        heading("4 On the aerial"),
        paragraph(
            "It stands 31 m away, on slabs. The claimant offers a visit of the roof by the court.",
        ),
        heading("5 On the tests"),
        paragraph(
            "The defendant was to hand over test pieces 11 and 14 within two weeks of acceptance (K 3, no. 3). It \
             has not done so to this day. The claimant asks that it be ordered to.",
        ),
    ]
}

fn exhibits(facts: Facts) -> Vec<u8> {
    let case = facts.case();
    let made = facts.claim.at(9, 0);
    let mut rows = vec![
        vec![Cell::Title(format!("Exhibits, {case}"))],
        vec![Cell::Empty],
        heads(&["Exhibit", "What", "Of", "Pages", "Original with"]),
    ];
    for (name, what, day, pages, with) in [
        ("K 1", "Works contract", facts.contract, 11, "client"),
        ("K 2", "Addendum 1", facts.addendum, 2, "client"),
        ("K 3", "Record of acceptance", facts.acceptance, 3, "client"),
        (
            "K 4",
            "Photographs and moisture readings",
            facts.water,
            46,
            "us",
        ),
        (
            "K 5",
            "Notice of defects, with courier's receipt",
            facts.notice,
            3,
            "us",
        ),
        ("K 6", "Opinion 2217", facts.opinion, 14, "us"),
        ("K 7", "Mail of Dr. Pell", facts.refusal, 1, "us"),
        (
            "K 8",
            "List of spoiled stock, signed by the insurer",
            facts.notice,
            4,
            "us",
        ),
        (
            "K 9",
            "Contract of storage, bays B and C",
            facts.calendar.day(700),
            8,
            "client",
        ),
    ] {
        rows.push(vec![
            text(name),
            text(what),
            Cell::Date(day),
            Cell::Number(pages),
            text(with),
        ]);
    }
    excel(
        &[Sheet {
            name: "Exhibits",
            columns: &[10, 46, 14, 10, 16],
            frozen: 3,
            rows,
        }],
        Properties {
            title: "List of exhibits",
            author: BREUER.name,
            created: made,
            edited: made,
        },
    )
}
